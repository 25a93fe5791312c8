package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"crosstalk/fakesvc"
)

// tokenVariable is where the control's token is read from: not from a flag, since
// others on a machine can see those.
const tokenVariable = "CROSSTALK_TOKEN"

// access is how the controls are guarded: by a token, by certificates, or by both.
type access struct{ tokenFile, cert, key, ca string }

func (a *access) add(flags *pflag.FlagSet) {
	flags.StringVar(&a.tokenFile, "token-file", "", "file with the token of the control; by default, what "+tokenVariable+" holds")
	flags.StringVar(&a.cert, "control-cert", "", "certificate (PEM) for mutual TLS on the control, with --control-key and --control-ca")
	flags.StringVar(&a.key, "control-key", "", "its private key (PEM)")
	flags.StringVar(&a.ca, "control-ca", "", "the authority (PEM) that the other side's certificate must be of")
}

// client is what a driver shows to the controls.
func (a *access) client() (fakesvc.Access, error) {
	out := fakesvc.Access{Token: strings.TrimSpace(os.Getenv(tokenVariable))}
	if a.tokenFile != "" {
		text, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return out, usageError(fmt.Errorf("--token-file: %w", err))
		}
		out.Token = strings.TrimSpace(string(text))
		if out.Token == "" {
			return out, usageError(fmt.Errorf("--token-file: %s is empty", a.tokenFile))
		}
	}
	if a.cert == "" && a.key == "" && a.ca == "" {
		return out, nil
	}
	if a.cert == "" || a.key == "" || a.ca == "" {
		return out, usageError(errors.New("--control-cert: mutual TLS needs --control-cert, --control-key and --control-ca"))
	}
	pair, err := tls.LoadX509KeyPair(a.cert, a.key)
	if err != nil {
		return out, usageError(fmt.Errorf("--control-cert: %w", err))
	}
	text, err := os.ReadFile(a.ca)
	if err != nil {
		return out, usageError(fmt.Errorf("--control-ca: %w", err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return out, usageError(fmt.Errorf("--control-ca: %s holds no certificate", a.ca))
	}
	out.TLS = &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool,
		ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}
	return out, nil
}

// server is what a node asks for at an address. Beyond loopback it must ask for
// something, so that not everyone can have things go wrong there.
func (a *access) server(address string) (fakesvc.Access, error) {
	out, err := a.client()
	if err != nil {
		return out, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return out, usageError(fmt.Errorf("--control: %q is not host:port", address))
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if !local && out.Token == "" && out.TLS == nil {
		return out, usageError(fmt.Errorf("--control: %s is reached from elsewhere: set %s, or give certificates", address, tokenVariable))
	}
	return out, nil
}
