package secure

import (
	"crypto/tls"
	"errors"
)

// tidy lets go of the connection that crypto/tls keeps in one of its errors.
func tidy(err error) error {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		header.Conn = nil
		return header
	}
	return err
}
