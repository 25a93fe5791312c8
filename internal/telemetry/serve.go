package telemetry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Path is where the metrics are.
const Path = "/metrics"

// Server serves the metrics of a process.
type Server struct {
	http  *http.Server
	ended chan error
}

// Serve serves the metrics at a listener until Close.
func (m *Metrics) Serve(listener net.Listener) *Server {
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, m.Handler())
	s := &Server{&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, make(chan error, 1)}
	go func() { s.ended <- s.http.Serve(listener) }()
	return s
}

// closeLimit is how long a scrape that is under way may take to end.
const closeLimit = time.Second

// Close returns when nothing is served any more.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
