// Package sys is what the process asks of its machine.
//
// Files: WriteFile writes one as a whole or not at all, so that whoever reads it sees the
// old content or the new one. NewScratch makes a temporary folder, and removes those whose
// owner was killed: a folder has the file "owner" in it, which its owner has locked for as
// long as it lives, however it dies; one without that file, or with one that is locked, is
// never touched, nor is any where the system knows no such locks. CheckOpenFiles tells ahead
// of a run whether the process may open as many files as it needs: where it may not,
// connections are refused in the middle, and everybody waits.
//
// Exit: AtExit keeps what is still to be done if the program exits at once, without
// returning from what it is doing: incomplete files are removed, child processes killed.
// What ends in order takes its entry back and does the work itself.
//
// Memory: KeepHeadroom keeps the garbage collector from collecting a small heap often. GC
// pauses distort measurements, and delaying GC is cheap while the heap is small. So the heap
// may grow by at least HeadroomBytes before it is collected, and by its own size where that
// is more. GOGC or GOMEMLIMIT, if set, decide alone. What is in force stands in each result.
//
// Usage: ProcessCPU, MaxResident and CoresBusy read what this process, and the machine's
// cores, have used, and keep nothing. Where a system does not tell, the figure is 0, and
// what follows from it says nothing either.
package sys
