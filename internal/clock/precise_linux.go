package clock

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Precise waits as Sleep does, by a timer of the kernel's that wakes the poller
// when it is due. Go's own timers are later than that: the poller's time-out, which
// they go by, is rounded up to a millisecond.
func Precise(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	t := takeTimer()
	if t == nil {
		return Sleep(ctx, d) // no more files may be open, or there are no such timers
	}
	return t.sleep(ctx, d)
}

var _ Sleeper = Precise

// idle are the timers that nobody waits for. One that the garbage collector takes
// from here is closed by it.
var idle sync.Pool

// timer is a timerfd. Reading from it waits until it has expired.
type timer struct {
	file *os.File
	raw  syscall.RawConn
}

func takeTimer() *timer {
	if t, ok := idle.Get().(*timer); ok {
		return t
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(fd), "timerfd")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil
	}
	return &timer{file, raw}
}

func (t *timer) sleep(ctx context.Context, d time.Duration) error {
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { _ = t.file.SetReadDeadline(time.Unix(1, 0)) })
	}
	end := time.Now().Add(d)
	err := t.wait(d)
	if !stop() {
		// Its deadline is set, or will be: it is of no use to anyone else.
		t.file.Close()
		if err != nil {
			return ctx.Err()
		}
		return nil
	}
	if err != nil {
		t.file.Close()
		return Sleep(ctx, time.Until(end))
	}
	idle.Put(t)
	return nil
}

// wait sets the timer, and returns when it has expired or the file's deadline is over.
func (t *timer) wait(d time.Duration) (err error) {
	due := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	set := false
	waiting := t.raw.Read(func(fd uintptr) bool {
		if !set { // from here on, the poller has noticed whatever comes
			set = true
			err = unix.TimerfdSettime(int(fd), 0, &due, nil)
			return err != nil
		}
		var expirations [8]byte
		_, err = unix.Read(int(fd), expirations[:])
		return err != unix.EAGAIN
	})
	if waiting != nil {
		return waiting
	}
	return err
}
