package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cluster is an experiment on a cluster with settings over it, by pairs.
func cluster(settings ...string) *Experiment {
	e := Default()
	with("kafka", "kafka:9092")(&e)
	for i := 0; i < len(settings); i += 2 {
		with(settings[i], settings[i+1])(&e)
	}
	return &e
}

func TestCluster(t *testing.T) {
	t.Setenv("SECRET_OF_D", "hush")
	e := cluster("kafka-tls", "on", "kafka-sasl", "SCRAM-SHA-512:d:SECRET_OF_D", "replication", "3")
	if err := e.Validate(names, remote); err != nil {
		t.Fatal(err)
	}
	c, err := e.Cluster()
	if err != nil || c.Addresses[0] != "kafka:9092" || c.TLS == nil || c.Replication != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if s := c.SASL; s.Mechanism != "scram-sha-512" || s.User != "d" || s.Password != "hush" {
		t.Errorf("%+v", s)
	}
	if text := asJSON(t, e); strings.Contains(text, "hush") || !strings.Contains(text, "scram-sha-512:d:SECRET_OF_D") {
		t.Errorf("it is stored as %s", text)
	}
	d := Default()
	if c, err := d.Cluster(); err != nil || c.Addresses != nil {
		t.Errorf("the default is %+v, %v", c, err)
	}
	if c, err := cluster("kafka-tls", "off", "kafka-sasl", "off").Cluster(); err != nil || c.TLS != nil || c.SASL.Mechanism != "" {
		t.Errorf("switched off, it is %+v, %v", c, err)
	}
}

// What is not asked has no text, as in the runs of versions that did not know it.
func TestDefaultsOfAClusterAreEmpty(t *testing.T) {
	e := Default()
	for _, s := range e.Settings() {
		switch s.Name {
		case "kafka-tls", "kafka-sasl", "partitions", "replication":
			if text, err := s.Value.MarshalText(); err != nil || len(text) != 0 {
				t.Errorf("%s is %q, %v", s.Name, text, err)
			}
			for _, none := range []string{"", "0"} {
				if strings.HasPrefix(s.Name, "kafka") {
					none = strings.ReplaceAll(none, "0", "off")
				}
				must(s.Value.UnmarshalText([]byte(none)))
			}
		}
	}
	if d := Default(); asJSON(t, &e) != asJSON(t, &d) {
		t.Errorf("what is written out is not the default: %s", asJSON(t, &e))
	}
}

func TestWrongClusters(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	embedded := func(name, text string) *Experiment {
		e := Default()
		with(name, text)(&e)
		return &e
	}
	for want, e := range map[string]*Experiment{
		"kafka-tls: is for a cluster, which needs --kafka":                                           embedded("kafka-tls", "on"),
		"kafka-sasl: is for a cluster, which needs --kafka":                                          embedded("kafka-sasl", "plain:d:NOBODY_SETS_THIS"),
		"replication: the embedded broker is alone and keeps one copy; more need a cluster, --kafka": embedded("replication", "2"),
		"replication: 10 is above 9":                                                                 cluster("replication", "10"),
		"partitions: 1001 is above 1000":                                                             embedded("partitions", "1001"),
		"kafka-tls: open /nowhere/ca.pem: no such file or directory":                                 cluster("kafka-tls", "/nowhere/ca.pem"),
		"kafka-tls: " + empty + " holds no certificate in PEM form":                                  cluster("kafka-tls", empty),
		"kafka-sasl: the environment variable that it names for the password of d is not set":        cluster("kafka-sasl", "plain:d:NOBODY_SETS_THIS"),
	} {
		var wrong *Error
		if err := e.Validate(names, remote); !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for text, want := range map[string]string{
		"d:hush":            "write MECHANISM:USER:VARIABLE, the last of them the environment variable that holds the password, or off",
		"plain::X":          "write MECHANISM:USER:VARIABLE, the last of them the environment variable that holds the password, or off",
		"scram-sha-521:d:X": `unknown mechanism "scram-sha-521": did you mean scram-sha-512?`,
		"gssapi:d:X":        `unknown mechanism "gssapi": plain, scram-sha-256, scram-sha-512`,
	} {
		var k KafkaSASL
		if err := k.UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got  %v\nwant %s", text, err, want)
		}
	}
}
