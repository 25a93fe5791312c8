package fakesvc

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/store"
)

// storeError is the status of what a database could not do. One that is away is as
// unavailable as a service that is; one that was too busy for as long as the caller
// waited has failed at nothing.
func storeError(doing string, err error) error {
	code := codes.Internal
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		code = codes.Canceled
	case errors.Is(err, store.ErrAway), errors.Is(err, store.ErrLocked):
		code = codes.Unavailable
	case errors.Is(err, store.ErrFull):
		code = codes.ResourceExhausted
	}
	return status.Errorf(code, "%s: %v", doing, err)
}
