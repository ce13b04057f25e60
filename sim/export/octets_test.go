package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// What JSON says of octets gives them back, and is text exactly if they are.
func TestOctetsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets := rapid.SliceOfN(rapid.OneOf(rapid.ByteRange(' ', '~'), rapid.SampledFrom([]byte("\r\n\t\"\\")), rapid.Just(byte('x')), rapid.Byte()), 1, 60).Draw(t, "octets")
		line := appendOctets([]byte(`{"x":1`), octets)
		var got struct{ Text, Base64 string }
		if err := json.Unmarshal(append(line, '}'), &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		back, err := base64.StdEncoding.DecodeString(got.Base64)
		if err != nil {
			t.Fatal(err)
		}
		text := !bytes.ContainsFunc(octets, func(r rune) bool { return r > '~' || r < ' ' && r != '\r' && r != '\n' && r != '\t' })
		for _, c := range octets { // ContainsFunc sees runes
			text = text && c < 0x7f
		}
		if text && got.Text != string(octets) || !text && !bytes.Equal(back, octets) || text != (got.Text != "") {
			t.Fatalf("%q is %q", octets, line)
		}
	})
}

func BenchmarkOctets(b *testing.B) {
	octets := bytes.Repeat([]byte("shall we have lunch on Thursday, at half past twelve\r\n"), 20)
	var buf []byte
	b.SetBytes(int64(len(octets)))
	for b.Loop() {
		buf = appendOctets(buf[:0], octets)
	}
}
