package result

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// LocalEnvironment describes this process and this machine; the bus and the
// stores are the caller's to fill in.
func LocalEnvironment() Environment {
	return Environment{
		Go: runtime.Version(), Commit: commit(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: cpuModel(), Cores: runtime.GOMAXPROCS(0),
	}
}

// commit is the revision that the program was built from, "unknown" where the
// build did not note it, as go run does not without -buildvcs=true. Git is not
// asked instead: what it says of the working directory now need not be what was
// built.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	return revision + dirty
}

// cpuModel is what Linux calls the CPU; elsewhere its architecture.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
