package main

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A signal within a moment of the first is the same wish; a later one ends it at once.
func TestWhichSignalIsASecondOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals, cancelled := make(chan os.Signal), false
		var said bytes.Buffer
		var ended time.Duration
		began := time.Now()
		go func() {
			obey(signals, &said, func() { cancelled = true })
			ended = time.Since(began)
		}()
		signals <- syscall.SIGTERM
		synctest.Wait()
		if !cancelled || said.Len() != 0 {
			t.Errorf("after the first: cancelled %v, said %q", cancelled, said.String())
		}
		signals <- syscall.SIGTERM // GNU timeout: its child, and then the group
		time.Sleep(sameWish - time.Nanosecond)
		signals <- syscall.SIGHUP
		synctest.Wait()
		if ended != 0 || said.Len() != 0 {
			t.Fatalf("one within %v ended it after %v, said %q", sameWish, ended, said.String())
		}
		time.Sleep(time.Nanosecond)
		signals <- os.Interrupt
		synctest.Wait()
		if want := "\nbench: interrupt after terminated: ended at once; what was not complete is removed\n"; ended != sameWish || said.String() != want {
			t.Errorf("ended after %v, said %q, want %q", ended, said.String(), want)
		}
	})
}

// SIGQUIT says where everything is, once a wish, and is then as the others.
func TestQuitShowsTheStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals, cancelled, ended := make(chan os.Signal), 0, false
		var said bytes.Buffer
		go func() {
			obey(signals, &said, func() { cancelled++ })
			ended = true
		}()
		dumps := func() int { return strings.Count(said.String(), ".TestQuitShowsTheStacks.func1(") }
		signals <- syscall.SIGQUIT
		signals <- syscall.SIGQUIT
		synctest.Wait()
		if cancelled != 1 || dumps() != 1 {
			t.Errorf("cancelled %d times, %d dumps: %s", cancelled, dumps(), said.String())
		}
		time.Sleep(sameWish)
		signals <- syscall.SIGQUIT
		synctest.Wait()
		if !ended || cancelled != 1 || dumps() != 2 {
			t.Errorf("ended %v, cancelled %d times, %d dumps", ended, cancelled, dumps())
		}
	})
}
