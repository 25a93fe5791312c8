package fakesvc

import (
	"context"
	"crypto/subtle"
	"crypto/tls"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Access is who may control a node: whoever has the token, over TLS where that is
// set. The zero value lets everyone in who reaches the port.
type Access struct {
	Token string
	TLS   *tls.Config
}

const authorization = "authorization"

func (a Access) server() []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			if err := a.check(ctx); err != nil {
				return nil, err
			}
			return handle(ctx, r)
		}),
		grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			if err := a.check(stream.Context()); err != nil {
				return err
			}
			return handle(server, stream)
		}),
	}
	if a.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(a.TLS)))
	}
	return options
}

func (a Access) check(ctx context.Context) error {
	if a.Token == "" {
		return nil
	}
	if !carries(ctx, authorization, a.bearer()) {
		return status.Error(codes.Unauthenticated, "the control's token is missing or wrong")
	}
	return nil
}

// carries tells whether a call has that value for a key, and no other.
func carries(ctx context.Context, key, value string) bool {
	given := metadata.ValueFromIncomingContext(ctx, key)
	return len(given) == 1 && subtle.ConstantTimeCompare([]byte(given[0]), []byte(value)) == 1
}

// writerKey carries Env.Writer with each write. It is not the controls' token: services
// of one's own are written to as well, and without TLS.
const writerKey = "crosstalk-writer"

// mayWrite refuses whoever is not the driver of the run.
func (e Env) mayWrite(ctx context.Context) error {
	if e.Writer == "" || carries(ctx, writerKey, e.Writer) {
		return nil
	}
	return status.Error(codes.PermissionDenied, "only the driver of this run may write")
}

func (e Env) asWriter(ctx context.Context) context.Context {
	if e.Writer == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, writerKey, e.Writer)
}

// runKey carries, with each call of a driver, the prefix of its run.
const runKey = "crosstalk-run"

// RunOf returns the prefix of the run that a call to a control is for; empty where the
// caller does not say.
func RunOf(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, runKey); len(values) == 1 {
		return values[0]
	}
	return ""
}

// ofRun has each call say for which run it is.
func ofRun(prefix string) []grpc.DialOption {
	said := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, runKey, prefix)
	}
	return []grpc.DialOption{
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, o ...grpc.CallOption) error {
			return invoke(said(ctx), method, req, reply, cc, o...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, d *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(said(ctx), d, cc, method, o...)
		}),
	}
}

func (a Access) bearer() string { return "Bearer " + a.Token }

func (a Access) client() []grpc.DialOption {
	var options []grpc.DialOption
	if a.TLS != nil {
		options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(a.TLS)))
	}
	if a.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(a))
	}
	return options
}

// GetRequestMetadata and RequireTransportSecurity make Access what each call of a
// client carries. Between machines that are trusted no less than the network
// between them, a token without TLS keeps out who has not got it.
func (a Access) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{authorization: a.bearer()}, nil
}

// RequireTransportSecurity is false.
func (a Access) RequireTransportSecurity() bool { return false }

var _ credentials.PerRPCCredentials = Access{}
