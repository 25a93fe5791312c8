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
	given := metadata.ValueFromIncomingContext(ctx, authorization)
	if len(given) == 1 && subtle.ConstantTimeCompare([]byte(given[0]), []byte(a.bearer())) == 1 {
		return nil
	}
	return status.Error(codes.Unauthenticated, "the control's token is missing or wrong")
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
