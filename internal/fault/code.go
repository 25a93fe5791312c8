package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
)

// codeNames are the names of gRPC's status codes by number, as its specification
// has them: grpc.github.io/grpc/core/md_doc_statuscodes.html. codes.Code has the
// Go names only.
var codeNames = [...]string{
	codes.OK:                 "OK",
	codes.Canceled:           "CANCELLED",
	codes.Unknown:            "UNKNOWN",
	codes.InvalidArgument:    "INVALID_ARGUMENT",
	codes.DeadlineExceeded:   "DEADLINE_EXCEEDED",
	codes.NotFound:           "NOT_FOUND",
	codes.AlreadyExists:      "ALREADY_EXISTS",
	codes.PermissionDenied:   "PERMISSION_DENIED",
	codes.ResourceExhausted:  "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION",
	codes.Aborted:            "ABORTED",
	codes.OutOfRange:         "OUT_OF_RANGE",
	codes.Unimplemented:      "UNIMPLEMENTED",
	codes.Internal:           "INTERNAL",
	codes.Unavailable:        "UNAVAILABLE",
	codes.DataLoss:           "DATA_LOSS",
	codes.Unauthenticated:    "UNAUTHENTICATED",
}

// CodeName returns the name of a code in the gRPC specification: UNAVAILABLE.
func CodeName(code codes.Code) string {
	if int(code) < len(codeNames) {
		return codeNames[code]
	}
	return fmt.Sprintf("CODE_%d", code)
}

// codeOf returns the code that an interaction can fail with, by its name.
func codeOf(name string) (codes.Code, error) {
	switch name {
	case codeNames[codes.OK]:
		return 0, errors.New("OK is not a failure")
	case codeNames[codes.NotFound]:
		// The driver knows that every record is there.
		return 0, errors.New("NOT_FOUND cannot be injected: it means that a record is missing, and an answer is wrong then")
	}
	if code := slices.Index(codeNames[:], name); code > 0 {
		return codes.Code(code), nil
	}
	return 0, fmt.Errorf("unknown code %q: %s", name, strings.Join(codeNames[1:], ", "))
}
