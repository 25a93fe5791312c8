package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"crosstalk/internal/sys"
)

// sameWish is for how long after a first signal another one is the same wish, and not a
// second one: GNU timeout signals the process and then its group, and a terminal that
// closes has the shell pass on what the system has sent already.
const sameWish = time.Second

// atOnce bounds what is removed and killed at a second signal.
const atOnce = 3 * time.Second

// untilSignalled returns a context that ends with the first signal that asks the program
// to end: whatever goes on then ends in order. A second one, later than sameWish, ends
// the program at once: what is not complete is removed.
//
// They are those that end a program by default. SIGQUIT is one of them and has, as in
// every Go program, the stacks of all goroutines written first. Windows has but two:
// Ctrl-C or Ctrl-Break, and the end of the session, which Go calls SIGTERM.
func untilSignalled(stderr io.Writer) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	// What cannot be written is an error, and not the program's end in the middle.
	signal.Notify(make(chan os.Signal, 1), writeSignals...)
	go func() {
		obey(signals, stderr, cancel)
		exitAtOnce(exitInterrupted)
	}()
	return ctx
}

// obey calls cancel at the first signal, and returns at the second one.
func obey(signals <-chan os.Signal, stderr io.Writer, cancel func()) {
	first := <-signals
	at := time.Now()
	dump(first, stderr)
	cancel()
	for s := range signals {
		if time.Since(at) < sameWish {
			continue
		}
		dump(s, stderr)
		fmt.Fprintf(stderr, "\nbench: %v after %v: ended at once; what was not complete is removed\n", s, first)
		return
	}
}

// dump writes the stacks of all goroutines at SIGQUIT: what a program that hangs hangs in.
func dump(s os.Signal, stderr io.Writer) {
	if s == syscall.SIGQUIT {
		_ = pprof.Lookup("goroutine").WriteTo(stderr, 2) // there is nobody to tell
	}
}

// exitAtOnce exits without returning from what goes on.
func exitAtOnce(code int) {
	done := make(chan struct{})
	go func() {
		sys.RunAtExit()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(atOnce):
	}
	os.Exit(code)
}
