// SPDX-License-Identifier: GPL-2.0-only
/* Connections: sends without a copy over the loopback interface, and file descriptors. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib.h"

#define RECEIVE_BUFFER	(64 * KIB)
#define SEND_BUFFER	(16 * MIB)
#define COMPLETION_MS	5000

static int loopback_up(int socket)
{
	struct ifreq request = { .ifr_name = "lo" };

	if (ioctl(socket, SIOCGIFFLAGS, &request))
		return errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(socket, SIOCSIFFLAGS, &request) ? errno : 0;
}

static int set_up(int from, int to)
{
	const int one = 1, small = RECEIVE_BUFFER, large = SEND_BUFFER;

	if (setsockopt(from, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) ||
	    setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &large,
		       sizeof(large)) ||
	    setsockopt(to, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)))
		return errno;
	return loopback_up(to);
}

static int join(int type, int from, int to)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);

	if (bind(to, (void *)&address, sizeof(address)) ||
	    getsockname(to, (void *)&address, &length) ||
	    (type == SOCK_STREAM && listen(to, 1)) ||
	    connect(from, (void *)&address, sizeof(address)))
		return errno;
	return 0;
}

/*
 * Since 5.19, a CPU leaves packets that another CPU allocated to that CPU, which frees them
 * with its next packet, or never: pages of a buffer would stay in use. Zero ends that. Older
 * kernels have no such file.
 */
static void free_packets_at_once(void)
{
	attr_write("/proc/sys/net/core/skb_defer_max", "0");
}

/*
 * Data sent to ends[1] arrives at ends[0]. Data for which the receiver has no room waits
 * on the way without a copy. Return 0 or an errno.
 */
int net_pair(int type, int ends[2])
{
	int err, listener = socket(AF_INET, type, 0);

	free_packets_at_once();
	ends[0] = listener;
	ends[1] = socket(AF_INET, type, 0);
	err = set_up(ends[1], listener);
	if (!err)
		err = join(type, ends[1], listener);
	if (err || type != SOCK_STREAM)
		return err;
	ends[0] = accept(listener, NULL, NULL);
	close(listener);
	return ends[0] < 0 ? errno : 0;
}

/* Return how many zero-copy sends the kernel has completed, -1 for an error. */
static int completed(int socket)
{
	char control[128];
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct sock_extended_err *err;

	if (recvmsg(socket, &msg, MSG_ERRQUEUE) < 0)
		return -1;
	err = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	if (err->ee_origin != SO_EE_ORIGIN_ZEROCOPY || err->ee_errno)
		return -1;
	return err->ee_data - err->ee_info + 1;
}

/* Wait for @calls completions. Return 0 or an errno. */
int net_completed(int socket, int calls)
{
	struct pollfd wanted = { .fd = socket };

	while (calls > 0) {
		int some;

		if (poll(&wanted, 1, COMPLETION_MS) != 1)
			return ETIMEDOUT;
		some = completed(socket);
		if (some < 0)
			return EPROTO;
		calls -= some;
	}
	return calls ? EPROTO : 0;
}

int send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = "", byte = 0;
	struct iovec vec = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : errno;
}

int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vec = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(socket, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}
