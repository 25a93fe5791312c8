package bus

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// certificate is one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// guarded is a cluster that wants TLS, where there is a certificate, and one of the
// users "d" by each mechanism.
func guarded(t *testing.T, c *tls.Certificate) []string {
	t.Helper()
	options := []kfake.Opt{
		kfake.NumBrokers(1), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "d", "plain word"), kfake.Superuser("SCRAM-SHA-256", "d", "word 256"), kfake.Superuser("SCRAM-SHA-512", "d", "word 512"),
	}
	if c != nil {
		options = append(options, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{*c}}))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()
}

// Every kind of connection there is: produce, administration, fetches, groups.
func TestTLSAndSASL(t *testing.T) {
	own, pool := certificate(t)
	for _, s := range []SASL{
		{Plain, "d", "plain word"}, {ScramSHA256, "d", "word 256"}, {ScramSHA512, "d", "word 512"},
	} {
		for _, encrypted := range []bool{false, true} {
			config := Config{SASL: s}
			if config.Addresses = guarded(t, nil); encrypted {
				config.Addresses, config.TLS = guarded(t, &own), &tls.Config{RootCAs: pool}
			}
			c, err := Open(t.Context(), config)
			if err != nil {
				t.Fatalf("%s, TLS %v: %v", s.Mechanism, encrypted, err)
			}
			create(t, c, "a")
			p := c.NewPublisher()
			publish(t, p, query("a", 7))
			m, err := c.Join("a", "g")
			if err != nil {
				t.Fatal(err)
			}
			share, err := m.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sub := share.Subscribe()
			if got := read(t, sub, 1)[0].Event.Request; got != 7 {
				t.Errorf("%d was read", got)
			}
			sub.Close()
			if err := share.Commit(map[int]Position{0: {Next: 1}}); err != nil {
				t.Error(err)
			}
			share.Release()
			m.Leave(t.Context())
			if end, err := c.End(t.Context(), "a"); err != nil || end[0] != 1 {
				t.Errorf("%v, %v", end, err)
			}
			c.Close()
		}
	}
}

// What does not fit is one line, soon, that says why and never the password.
func TestRefusedBySecurity(t *testing.T) {
	own, pool := certificate(t)
	_, foreign := certificate(t)
	right := SASL{ScramSHA512, "d", "word 512"}
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"a wrong password":  {Config{TLS: &tls.Config{RootCAs: pool}, SASL: SASL{ScramSHA512, "d", "guess 512"}}, "TLS or SASL settings differ"},
		"an unknown user":   {Config{TLS: &tls.Config{RootCAs: pool}, SASL: SASL{Plain, "e", "guess 512"}}, "TLS or SASL settings differ"},
		"no identity":       {Config{TLS: &tls.Config{RootCAs: pool}}, "TLS or SASL settings differ"},
		"another authority": {Config{TLS: &tls.Config{RootCAs: foreign}, SASL: right}, "certificate signed by unknown authority"},
		"no TLS":            {Config{SASL: right}, "TLS or SASL settings differ"},
	} {
		c.config.Addresses = guarded(t, &own)
		start := time.Now()
		client, err := Open(context.Background(), c.config)
		if err == nil {
			client.Close()
			t.Errorf("%s is let in", name)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, "bus: no Kafka broker answers at 127.0.0.1:") || !strings.Contains(got, c.want) ||
			strings.Contains(got, "\n") || strings.Contains(got, "guess") || time.Since(start) > openTimeout+time.Second {
			t.Errorf("%s, after %v: %v", name, time.Since(start), err)
		}
	}
	if _, err := Open(t.Context(), Config{Addresses: []string{"127.0.0.1:1"}, SASL: SASL{Mechanism: "gssapi", User: "d"}}); err == nil {
		t.Error("an unknown mechanism is taken")
	}
}
