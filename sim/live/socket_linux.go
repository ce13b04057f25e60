package live

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// socket is a TCP connection that reads and writes without telling Go's
// scheduler of the system call. A call on a socket that never blocks takes some
// microseconds; but on loopback the client often wakes up within it and takes
// the processor, and a scheduler that knows of the call then starts another
// thread in its place, which finds nothing to do. Without that a server answers
// a tenth more letters of 1 KiB.
//
// One goroutine may read and one may write at a time.
type socket struct {
	*net.TCPConn
	raw      syscall.RawConn
	in, out  transfer
	get, put func(fd uintptr) bool // made once: a closure a call would cost more than it saves
}

// transfer is a call under way: its octets, how many of them are done, and what
// went wrong.
type transfer struct {
	p   []byte
	n   int
	err error
}

// direct returns a connection whose system calls are direct, if it can have any.
func direct(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nc
	}
	s := &socket{TCPConn: tcp, raw: raw}
	s.get = func(fd uintptr) bool { return s.in.call("read", syscall.SYS_READ, fd) }
	s.put = func(fd uintptr) bool {
		for {
			if done := s.out.call("write", syscall.SYS_WRITE, fd); !done || s.out.err != nil || s.out.n == len(s.out.p) {
				return done
			}
		}
	}
	return s
}

// call makes the system call once and says whether it is done: not if the
// socket has to be waited for.
func (t *transfer) call(name string, trap, fd uintptr) bool {
	for {
		p := t.p[t.n:]
		n, _, errno := syscall.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			t.n += int(n)
			return true
		case syscall.EAGAIN:
			return false
		case syscall.EINTR:
		default:
			t.err = os.NewSyscallError(name, errno)
			return true
		}
	}
}

func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.in = transfer{p: p}
	err := s.raw.Read(s.get)
	n := s.in.n
	if err == nil {
		err = s.in.err
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	s.in.p = nil
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.out = transfer{p: p}
	err := s.raw.Write(s.put)
	if err == nil {
		err = s.out.err
	}
	s.out.p = nil
	return s.out.n, err
}
