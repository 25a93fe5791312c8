package fault

import "syscall"

var (
	killed = Definition{
		Kind: Kill, Argument: Windowed, Signal: syscall.SIGKILL, TakesAway: true,
		Doc:   "its process gets SIGKILL, and is started again at the window's end; only with `--placement=process`",
		Docs:  map[Part]string{Bus: "the same with the embedded broker's process: the records are on its disk and are there again"},
		Parts: map[Part]string{Service: "", Bus: ""},
	}
	stopped = Definition{
		Kind: Stop, Argument: Windowed, Signal: syscall.SIGTERM, TakesAway: true,
		Doc:   "the same with SIGTERM: it completes what it has begun",
		Parts: map[Part]string{Service: "", Bus: ""},
	}
)
