package sockets

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"syscall"
)

// Generic netlink, as in linux/genetlink.h and linux/tcp_metrics.h.
const (
	genericNetlink = 16
	controller     = 0x10 // the family that knows the others' numbers
	getFamily      = 3
	familyID       = 1
	familyName     = 2
	getMetrics     = 1
	metricsIPv4    = 1
	metricsIPv6    = 2
	genericHeader  = 4
	attributeLen   = 4
)

// Remembered lists the hosts of which the kernel keeps what it has measured (TCP metrics): those that the pod had a
// connection with that ended in peace, for as long as its network lives. Every process of the pod may read the list, and none
// may shorten it.
func Remembered() ([]netip.Addr, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, genericNetlink)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.EAFNOSUPPORT) {
		return nil, nil // then no site can read it either
	}
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer syscall.Close(fd)
	id, err := metricsFamily(fd)
	if err != nil || id == 0 {
		return nil, err
	}
	var hosts []netip.Addr
	err = ask(fd, id, syscall.NLM_F_DUMP, getMetrics, nil, func(attribute uint16, value []byte) {
		if host, ok := netip.AddrFromSlice(value); ok && (attribute == metricsIPv4 || attribute == metricsIPv6) {
			hosts = append(hosts, host.Unmap())
		}
	})
	return hosts, err
}

// metricsFamily is the number of the family; 0 in a kernel without it.
func metricsFamily(fd int) (id uint16, err error) {
	name := "tcp_metrics\x00"
	request := binary.NativeEndian.AppendUint16(nil, uint16(attributeLen+len(name)))
	request = binary.NativeEndian.AppendUint16(request, familyName)
	request = append(request, name...)
	err = ask(fd, controller, 0, getFamily, request, func(attribute uint16, value []byte) {
		if attribute == familyID && len(value) == 2 {
			id = binary.NativeEndian.Uint16(value)
		}
	})
	if errors.Is(err, syscall.ENOENT) {
		return 0, nil
	}
	return id, err
}

// ask sends one command, and shows each attribute of the answers.
func ask(fd int, family, flags uint16, command byte, attributes []byte, each func(attribute uint16, value []byte)) error {
	message := binary.NativeEndian.AppendUint32(nil, uint32(syscall.NLMSG_HDRLEN+genericHeader+len(attributes)))
	message = binary.NativeEndian.AppendUint16(message, family)
	message = binary.NativeEndian.AppendUint16(message, syscall.NLM_F_REQUEST|syscall.NLM_F_ACK|flags)
	message = append(message, make([]byte, 8)...) // no number, no port
	message = append(message, command, 1, 0, 0)
	message = append(message, attributes...)
	if err := syscall.Sendto(fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	for buffer := make([]byte, 64<<10); ; {
		n, _, err := syscall.Recvfrom(fd, buffer, 0)
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		answers, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return err
		}
		for _, answer := range answers {
			if end, err := last(answer); end {
				return err
			}
			eachAttribute(answer.Data, each)
		}
	}
}

// last says whether nothing follows this message, and with which error.
func last(answer syscall.NetlinkMessage) (bool, error) {
	switch answer.Header.Type {
	case syscall.NLMSG_DONE:
		return true, nil
	case syscall.NLMSG_ERROR:
		if len(answer.Data) < 4 {
			return true, syscall.EBADMSG
		}
		if code := int32(binary.NativeEndian.Uint32(answer.Data)); code != 0 {
			return true, syscall.Errno(-code)
		}
		return true, nil
	}
	return false, nil
}

func eachAttribute(data []byte, each func(attribute uint16, value []byte)) {
	for data = data[min(genericHeader, len(data)):]; len(data) >= attributeLen; {
		length := int(binary.NativeEndian.Uint16(data))
		if length < attributeLen || length > len(data) {
			return
		}
		each(binary.NativeEndian.Uint16(data[2:])&0x3FFF, data[attributeLen:length]) // without the flags of nesting and order
		data = data[min((length+3)&^3, len(data)):]
	}
}
