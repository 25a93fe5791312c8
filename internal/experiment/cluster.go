package experiment

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"crosstalk/internal/bus"
	"crosstalk/internal/setting"
)

// off says in words what the empty text is.
const off = "off"

// KafkaTLS tells whether a cluster is spoken to over TLS: empty for no, "on" for the
// certificates that this machine trusts, or the file of those that are trusted
// instead.
type KafkaTLS string

// UnmarshalText reads off or nothing, on, or the path of a file.
func (k *KafkaTLS) UnmarshalText(text []byte) error {
	if *k = KafkaTLS(strings.TrimSpace(string(text))); *k == off {
		*k = ""
	}
	return nil
}

// MarshalText returns the form that UnmarshalText reads.
func (k KafkaTLS) MarshalText() ([]byte, error) { return []byte(k), nil }

func (k KafkaTLS) config() (*tls.Config, error) {
	switch k {
	case "":
		return nil, nil
	case "on":
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	authorities, err := os.ReadFile(string(k))
	if err != nil {
		return nil, wrong("kafka-tls", "%v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authorities) {
		return nil, wrong("kafka-tls", "%s holds no certificate in PEM form", k)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// KafkaSASL is who a cluster is told that asks. The password is in an environment
// variable, so that no file and no list of processes shows it.
type KafkaSASL struct {
	Mechanism, User string
	Variable        string // the name of the environment variable
}

// UnmarshalText reads MECHANISM:USER:VARIABLE, or off or nothing.
func (k *KafkaSASL) UnmarshalText(text []byte) error {
	if v := strings.TrimSpace(string(text)); v == off || v == "" {
		*k = KafkaSASL{}
		return nil
	}
	parts := strings.Split(strings.TrimSpace(string(text)), ":")
	if len(parts) != 3 || slices.Contains(parts, "") {
		// The text is not shown: it may be a password that somebody wrote there.
		return fmt.Errorf("write MECHANISM:USER:VARIABLE, the last of them the environment variable that holds the password, or off")
	}
	mechanism := strings.ToLower(parts[0])
	if known := bus.Mechanisms(); !slices.Contains(known, mechanism) {
		if guess := setting.DidYouMean(mechanism, known); guess != "" {
			return fmt.Errorf("unknown mechanism %q%s", parts[0], guess)
		}
		return fmt.Errorf("unknown mechanism %q: %s", parts[0], strings.Join(known, ", "))
	}
	*k = KafkaSASL{Mechanism: mechanism, User: parts[1], Variable: parts[2]}
	return nil
}

// MarshalText returns the form that UnmarshalText reads.
func (k KafkaSASL) MarshalText() ([]byte, error) {
	if k == (KafkaSASL{}) {
		return nil, nil
	}
	return []byte(k.Mechanism + ":" + k.User + ":" + k.Variable), nil
}

func (k KafkaSASL) config() (bus.SASL, error) {
	if k == (KafkaSASL{}) {
		return bus.SASL{}, nil
	}
	password := os.Getenv(k.Variable)
	if password == "" {
		return bus.SASL{}, wrong("kafka-sasl", "the environment variable that it names for the password of %s is not set", k.User)
	}
	return bus.SASL{Mechanism: k.Mechanism, User: k.User, Password: password}, nil
}

// Cluster tells how the cluster is reached that Kafka names; without one it is the
// zero value. It reads the file and the environment variable that are named for it;
// its error is an *Error.
func (e *Experiment) Cluster() (bus.Config, error) {
	if len(e.Kafka) == 0 {
		return bus.Config{}, nil
	}
	encrypted, err := e.KafkaTLS.config()
	if err != nil {
		return bus.Config{}, err
	}
	identity, err := e.KafkaSASL.config()
	if err != nil {
		return bus.Config{}, err
	}
	return bus.Config{Addresses: e.Kafka, TLS: encrypted, SASL: identity, Replication: int(e.Replication)}, nil
}

const (
	mostPartitions  = 1000 // each is a connection of each reader
	mostReplication = 9
)

func (e *Experiment) checkKafka() error {
	for _, address := range e.Kafka {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return wrong("kafka", "%q is not host:port", address)
		}
	}
	switch embedded := len(e.Kafka) == 0; {
	case embedded && e.KafkaTLS != "":
		return wrong("kafka-tls", "is for a cluster, which needs --kafka")
	case embedded && e.KafkaSASL != (KafkaSASL{}):
		return wrong("kafka-sasl", "is for a cluster, which needs --kafka")
	case embedded && e.Replication > 1:
		return wrong("replication", "the embedded broker is alone and keeps one copy; more need a cluster, --kafka")
	case e.Replication > mostReplication:
		return wrong("replication", "%d is above %d", e.Replication, mostReplication)
	case e.Partitions > mostPartitions:
		return wrong("partitions", "%d is above %d", e.Partitions, mostPartitions)
	}
	_, err := e.Cluster()
	return err
}
