package clock

import (
	"context"
	"os"
	"sync"
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
	raw  int
}

func takeTimer() *timer {
	if t, ok := idle.Get().(*timer); ok {
		return t
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &timer{os.NewFile(uintptr(fd), "timerfd"), fd}
}

func (t *timer) sleep(ctx context.Context, d time.Duration) error {
	due := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if err := unix.TimerfdSettime(t.raw, 0, &due, nil); err != nil {
		t.file.Close()
		return Sleep(ctx, d)
	}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { _ = t.file.SetReadDeadline(time.Unix(1, 0)) })
	}
	end := time.Now().Add(d)
	var expirations [8]byte
	_, err := t.file.Read(expirations[:])
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
