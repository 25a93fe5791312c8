//go:build linux && long

// Without the race detector, since it is other processes that are tested. .ci/run
// runs this package once more without it.

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/result"
)

// fourNodes are A, B, C and D as nodes that wait for a driver.
type fourNodes struct {
	file     string // that tells where they are
	process  map[string]*program
	controls map[string]string
}

func startNodes(t *testing.T, flags ...string) fourNodes {
	t.Helper()
	n := fourNodes{file: filepath.Join(t.TempDir(), "nodes.yaml"), process: make(map[string]*program), controls: make(map[string]string)}
	var text strings.Builder
	for _, service := range []string{"A", "B", "C", "D"} {
		address, control := freePort(t), freePort(t)
		n.controls[service] = control
		n.process[service] = begin(t, append([]string{"serve", "--service=" + service, "--listen=" + address, "--control=" + control}, flags...)...)
		fmt.Fprintf(&text, "%s: {address: %s, control: %s}\n", service, address, control)
	}
	write(t, n.file, text.String())
	return n
}

func (n fourNodes) args(more ...string) []string {
	return append([]string{"--nodes=" + n.file, "--rate=50", "--latency=1ms", "--duration=700ms", "--warmup=100ms", "--timeout=5s"}, more...)
}

// Nodes that live long are clean for each run, whatever the one before was, and
// however it ended.
func TestNodesLiveLong(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	first := runs(t, n.args("--scenario=sync", "--keys=50", "--write-rate=0", "--payload=100")...)["sync"]
	second := runs(t, n.args("--scenario=monolith", "--keys=10", "--write-rate=0", "--payload=100")...)["monolith"]
	third := runs(t, n.args("--scenario=sync", "--keys=10", "--write-rate=0", "--payload=100")...)["sync"]
	fresh := runs(t, "--scenario=sync", "--keys=10", "--write-rate=0", "--payload=100", "--duration=100ms", "--warmup=0s", "--latency=none")["sync"]
	if !maps.Equal(third.StorageBytes, fresh.StorageBytes) || third.StorageBytes["A"] >= first.StorageBytes["A"] {
		t.Errorf("the nodes keep %v of 10 records after %v of 50, and others %v", third.StorageBytes, first.StorageBytes, fresh.StorageBytes)
	}
	for _, r := range []result.Run{first, second, third} {
		if r.Requests.Sent == 0 || r.Requests.Failed != 0 || r.Answers.Correct != r.Requests.Sent || r.Environment.Placement != "elsewhere" {
			t.Errorf("%s: %+v, %+v, placement %q", r.Scenario, r.Requests, r.Answers, r.Environment.Placement)
		}
	}

	broker, err := bus.StartBroker(net.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	vanishing := begin(t, append([]string{"run", "--out=" + t.TempDir()}, n.args("--scenario=async-replicated", "--duration=30s", "--kafka="+broker.Addresses()[0])...)...)
	soon(t, 20*time.Second, "the run is under way", func() bool { return strings.Contains(vanishing.stderr(), "measuring") })
	vanishing.signal(t, syscall.SIGKILL)
	vanishing.ended(t, time.Second)
	last := runs(t, n.args("--scenario=async-replicated", "--keys=10", "--write-rate=100", "--kafka="+broker.Addresses()[0])...)["async-replicated"]
	if last.Requests.Failed != 0 || last.UnseenChanges != 0 || last.ComparedRows != 30 || last.Writes.Acknowledged != last.Writes.Due {
		t.Errorf("after a driver that vanished: %+v, %+v, %d unseen, %d rows compared", last.Requests, last.Writes, last.UnseenChanges, last.ComparedRows)
	}
	for service, p := range n.process {
		p.signal(t, syscall.SIGTERM)
		if code := p.ended(t, 10*time.Second); code != exitOK {
			t.Errorf("%s: exit code %d: %s", service, code, p.stderr())
		}
		if kept, _ := filepath.Glob(filepath.Join(p.temp, "*")); len(kept) != 0 {
			t.Errorf("%s has left %v", service, kept)
		}
	}
}

// A node that dies in the middle of a run ends it with one clear line, and what was
// measured is kept.
func TestNodeDiesInARun(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	out := t.TempDir()
	driver := begin(t, append([]string{"run", "--out=" + out}, n.args("--scenario=sync", "--duration=4s")...)...)
	awaitLoad(t, filepath.Join(out, "*", "*", result.LogFile))
	n.process["B"].signal(t, syscall.SIGKILL)
	code := driver.ended(t, 20*time.Second)
	if said := lastLine(driver.stderr()); code != exitFailed || !strings.HasPrefix(said, "bench: the statistics of B are missing: ") || strings.Contains(said, "release") {
		t.Errorf("exit code %d: %s", code, said)
	}
	r := loadOnly(t, out, "sync")
	if r.Verdict != result.Invalid || r.Requests.Succeeded == 0 || r.Requests.Failed == 0 || len(r.Processes) != 4 {
		t.Errorf("verdict %s, %+v, %d processes", r.Verdict, r.Requests, len(r.Processes))
	}
}

// The same of a child process, which is known at once: the run ends early.
func TestChildDiesInARun(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	driver := begin(t, "run", "--out="+out, "--placement=process", "--scenario=sync,monolith", "--rate=50", "--latency=1ms", "--duration=30s", "--warmup=0s")
	soon(t, 20*time.Second, "the run is under way", func() bool { return strings.Contains(driver.stderr(), "measuring") })
	children := childrenOf(t, driver.Process.Pid)
	if err := syscall.Kill(children[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	code := driver.ended(t, 10*time.Second)
	if said := lastLine(driver.stderr()); code != exitFailed || !strings.Contains(said, "has ended by itself, signal: killed") {
		t.Errorf("exit code %d: %s", code, said)
	}
	r := loadOnly(t, out, "sync")
	if r.Verdict != result.Invalid || r.Requests.Succeeded == 0 || r.MeasuredSeconds > 20 || r.MeasuredSeconds == 0 {
		t.Errorf("verdict %s, %+v in %v s", r.Verdict, r.Requests, r.MeasuredSeconds)
	}
	if kept, _ := filepath.Glob(filepath.Join(driver.temp, "*")); len(kept) != 0 {
		t.Errorf("%v are left", kept)
	}
}

// One run at a time: a second driver is refused, and the first one not disturbed.
func TestSecondDriverIsRefused(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	firstOut, out := t.TempDir(), t.TempDir()
	first := begin(t, append([]string{"run", "--out=" + firstOut}, n.args("--scenario=sync", "--duration=6s")...)...)
	awaitLoad(t, filepath.Join(firstOut, "*", "*", result.LogFile))
	code, _, stderr := bench(t, t.Context(), append([]string{"run", "--out=" + out}, n.args("--scenario=sync")...)...)
	want := "start sync: prepare A at " + n.controls["A"] + ": another run has this node, crosstalk-sync-"
	if said := lastLine(stderr); code != exitFailed || !strings.Contains(said, want) {
		t.Errorf("exit code %d: %s", code, said)
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	if code := first.ended(t, 20*time.Second); code != exitOK && code != exitInvalid {
		t.Errorf("the first run: exit code %d: %s", code, first.stderr())
	}
}

// What a driver or a node is given that is wrong: one clear line, the right exit code,
// and nothing measured.
func TestBadNodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	write(t, token, "secret\n")
	n := startNodes(t, "--token-file="+token)
	text, err := os.ReadFile(n.file)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, from, to string) string {
		path := filepath.Join(dir, name)
		write(t, path, strings.ReplaceAll(string(text), from, to))
		return path
	}
	wrong := filepath.Join(dir, "wrong")
	write(t, wrong, "guess")
	used, other := n.controls["A"], filepath.Join(dir, "e.yaml")
	write(t, other, "services:\n  - {name: D, needs: [E]}\n")
	run := "run --scenario=sync --out=" + filepath.Join(dir, "out") + " --nodes="
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{run + n.file, exitFailed, "start sync: prepare A at " + n.controls["A"] + ": the control's token is missing or wrong"},
		{run + n.file + " --token-file=" + wrong, exitFailed, "the control's token is missing or wrong"},
		{run + n.file + " --token-file=" + dir + "/none", exitUsage, "--token-file: open"},
		{run + file("field.yaml", "control", "contro"), exitUsage, `field.yaml:1:`},
		{run + file("service.yaml", "A:", "E: {address: 127.0.0.1:1}\nA:"), exitUsage, "service.yaml tells where E is, and the experiment has no such service"},
		{run + file("address.yaml", "D: {address", "D: {control: 127.0.0.1:1} #"), exitUsage, "address.yaml does not tell where D is"},
		{run + file("port.yaml", "address: 127.0.0.1:", "address: "), exitUsage, "is not host:port"},
		{run + file("swapped.yaml", n.controls["A"], n.controls["B"]) + " --token-file=" + token, exitFailed, "this node is B, and not A"},
		{run + file("copies.yaml", n.controls["B"], `"`+n.controls["B"]+",127.0.0.1:1\""), exitUsage, "--nodes: " + dir + "/copies.yaml: 2 nodes are B, and each would have a sqlite database of its own: use one of postgres"},
		{run + filepath.Join(dir, "copies.yaml") + " --store=memory", exitUsage, "2 nodes are B, and each would have a memory database"},
		{run + n.file + " --placement=process", exitUsage, "--nodes: these run already"},
		{run + n.file + " --scenario=async-request", exitUsage, "--kafka: async-request needs a bus that the nodes reach"},
		{run + n.file + " " + other, exitUsage, `e.yaml:2:`},
		{"run --placement=process --scenario=sync --fault=E:kill@1s+1s", exitUsage, `--fault: there is no service "E"`},
		{"run --scenario=sync --fault=B:kill@1s+1s", exitUsage, "it needs --placement=process"},
		{"run --scenario=sync --replicas=B=2", exitUsage, "they need --placement=process"},
		{"serve --service=A --listen=" + used, exitUsage, "--listen: listen tcp " + used + ": bind: address already in use"},
		{"serve --service=A --listen=127.0.0.1:0 --control=" + used, exitUsage, "--control: listen tcp " + used + ": bind: address already in use"},
		{"serve --service=A --listen=127.0.0.1:0 --control=0.0.0.0:0", exitUsage, "--control: 0.0.0.0:0 is reached from elsewhere: set CROSSTALK_TOKEN, or give certificates"},
		{"serve --service=A --listen=here", exitUsage, `--listen: "here" is not host:port`},
		{"serve --service=A --listen=127.0.0.1:0 --grace=-1s", exitUsage, "--grace: -1s is negative"},
		{"serve --service=A --listen=127.0.0.1:0 --prefix=../up", exitUsage, `--prefix: "../up" cannot begin the name of a topic`},
		{"serve --service=E --scenario=sync --listen=127.0.0.1:0", exitUsage, `--service: sync has no service "E"`},
		{"serve --service=D --scenario=sync --listen=127.0.0.1:0", exitUsage, "--nodes: D needs A, and nothing tells where that is"},
		{"serve --service=D --scenario=async-request --listen=127.0.0.1:0", exitUsage, "--kafka: async-request needs a bus"},
		{"serve --service=A --listen=127.0.0.1:0 --control-cert=x", exitUsage, "mutual TLS needs --control-cert, --control-key and --control-ca"},
		{"health nowhere", exitUsage, `"nowhere" is not host:port`},
		{"health 127.0.0.1:1", exitFailed, "no health from 127.0.0.1:1"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		code, stdout, stderr := bench(t, ctx, strings.Fields(c.args)...)
		cancel()
		if code != c.code || !strings.Contains(lastLine(stderr), c.want) || strings.TrimSpace(stdout) != "" {
			t.Errorf("bench %s: exit code %d, want %d: %s\nwant %s\n%s", c.args, code, c.code, lastLine(stderr), c.want, stdout)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "out", "*")); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

// A setting of the environment is one of the flag, and a slip in its name is found.
func TestServeFromEnvironment(t *testing.T) {
	for variable, want := range map[string]string{
		"CROSSTALK_GRACE=soon":   `CROSSTALK_GRACE: invalid argument "soon"`,
		"CROSSTALK_LATENZY=5ms":  "CROSSTALK_LATENZY: there is no such setting: did you mean CROSSTALK_LATENCY?",
		"CROSSTALK_LISTEN=there": `--listen: "there" is not host:port`,
	} {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
		code, _, stderr := bench(t, t.Context(), "serve", "--service=A")
		if code != exitUsage || !strings.Contains(lastLine(stderr), want) {
			t.Errorf("%s: exit code %d: %s", variable, code, lastLine(stderr))
		}
		os.Unsetenv(name)
	}
	// What is somebody else's is no slip.
	if err := mistyped([]string{"CROSSTALK_A_SERVICE_HOST=10.0.0.1", "CROSSTALK_A_PORT=tcp://10.0.0.1:7000", "LATENZY=1"}, []string{"CROSSTALK_LATENCY", "CROSSTALK_PAYLOAD"}); err != nil {
		t.Error(err)
	}
}

// A folder that is named for the databases may have other files, which are not touched.
func TestDataFolderIsNotEmptied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	write(t, mine, "precious")
	p, _, _ := serving(t, "--data="+dir)
	p.signal(t, syscall.SIGTERM)
	p.ended(t, 5*time.Second)
	if text, err := os.ReadFile(mine); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}

// With certificates on both sides a run goes through; without one, nobody controls a
// node.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	flags := certificates(t)
	n := startNodes(t, flags...)
	r := runs(t, n.args(append(flags, "--scenario=sync")...)...)["sync"]
	if r.Requests.Sent == 0 || r.Requests.Failed != 0 {
		t.Errorf("%+v", r.Requests)
	}
	stranger := access{cert: strings.TrimPrefix(certificates(t)[0], "--control-cert="), key: "", ca: strings.TrimPrefix(flags[2], "--control-ca=")}
	stranger.key = strings.TrimSuffix(stranger.cert, "cert.pem") + "key.pem"
	of, err := stranger.client()
	if err != nil {
		t.Fatal(err)
	}
	anonymous := of
	anonymous.TLS = of.TLS.Clone()
	anonymous.TLS.Certificates = nil
	for name, shown := range map[string]fakesvc.Access{"no TLS": {}, "no certificate": anonymous, "a certificate of another authority": of} {
		client, err := fakesvc.DialControl(fakesvc.Env{Dial: (&net.Dialer{}).DialContext, Access: shown}, n.controls["A"])
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err = client.Release(ctx, &fakesvcpb.ReleaseRequest{})
		cancel()
		client.Close()
		if err == nil || strings.Contains(err.Error(), "not prepared") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// certificates makes an authority and a certificate of it for 127.0.0.1, and returns
// the flags that name them.
func certificates(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	authority, authorityKey := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, newKey(t)
	leaf, leafKey := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, newKey(t)
	key, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(c *x509.Certificate, of *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, authority, &of.PublicKey, authorityKey)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem":   {Type: "CERTIFICATE", Bytes: sign(authority, authorityKey)},
		"cert.pem": {Type: "CERTIFICATE", Bytes: sign(leaf, leafKey)},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		write(t, filepath.Join(dir, name), string(pem.EncodeToMemory(block)))
	}
	return []string{"--control-cert=" + filepath.Join(dir, "cert.pem"), "--control-key=" + filepath.Join(dir, "key.pem"), "--control-ca=" + filepath.Join(dir, "ca.pem")}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
