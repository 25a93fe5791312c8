package bus

import (
	"fmt"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// The ways in which a client can say who it is.
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// Mechanisms are the names of the ways in which a client can say who it is.
func Mechanisms() []string { return []string{Plain, ScramSHA256, ScramSHA512} }

// SASL is who a client says that it is, and how it proves that. With Plain, the
// password travels as it is: use it over TLS.
type SASL struct {
	Mechanism      string // one of Mechanisms, or empty for none
	User, Password string
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	var err error
	var m sasl.Mechanism
	switch s.Mechanism {
	case "":
		return nil, nil
	case Plain:
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case ScramSHA256:
		m, err = scram.Mechanism(scram.SHA256, s.User, s.Password)
	case ScramSHA512:
		m, err = scram.Mechanism(scram.SHA512, s.User, s.Password)
	default:
		err = fmt.Errorf("there is no mechanism %q", s.Mechanism)
	}
	if err != nil { // and without the password, which is the library's input
		return nil, fmt.Errorf("bus: SASL as user %q: %w", s.User, err)
	}
	return m, nil
}
