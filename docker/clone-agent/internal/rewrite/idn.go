package rewrite

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Parameters of punycode (RFC 3492, section 5).
const (
	punyBase        = 36
	punyTMin        = 1
	punyTMax        = 26
	punySkew        = 38
	punyDamp        = 700
	punyInitialBias = 72
	punyInitialN    = 128
	punyPrefix      = "xn--"
)

// toASCII returns a host with its labels in punycode. Labels are expected in lower case and NFC, as browsers send them.
func toASCII(host string) string { return mapLabels(host, encodeLabel) }

// toUnicode undoes toASCII; a label that is no punycode stays.
func toUnicode(host string) string { return mapLabels(host, decodeLabel) }

func mapLabels(host string, change func(string) string) string {
	labels := strings.Split(host, ".")
	for i, label := range labels {
		labels[i] = change(label)
	}
	return strings.Join(labels, ".")
}

func adapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for delta > (punyBase-punyTMin)*punyTMax/2 {
		delta /= punyBase - punyTMin
		k += punyBase
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}

func threshold(k, bias int) int { return min(max(k-bias, punyTMin), punyTMax) }

func decodeLabel(label string) string {
	text, found := strings.CutPrefix(label, punyPrefix)
	if !found {
		return label
	}
	var out []rune
	if i := strings.LastIndexByte(text, '-'); i >= 0 {
		out, text = []rune(text[:i]), text[i+1:]
	}
	n, at, bias := punyInitialN, 0, punyInitialBias
	for len(text) > 0 {
		before := at
		for weight, k := 1, punyBase; ; k += punyBase {
			digit := -1
			if len(text) > 0 {
				digit = strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", text[0])
			}
			if digit < 0 || weight > 1<<24 {
				return label
			}
			text = text[1:]
			at += digit * weight
			t := threshold(k, bias)
			if digit < t {
				break
			}
			weight *= punyBase - t
		}
		size := len(out) + 1
		bias = adapt(at-before, size, before == 0)
		n += at / size
		at %= size
		if n > 0x10ffff {
			return label
		}
		out = append(out[:at], append([]rune{rune(n)}, out[at:]...)...)
		at++
	}
	return string(out)
}

func encodeLabel(label string) string {
	points := []rune(label)
	var out strings.Builder
	for _, c := range points {
		if c < punyInitialN {
			out.WriteRune(c)
		}
	}
	basic := out.Len()
	if basic == len(points) {
		return label
	}
	if basic > 0 {
		out.WriteByte('-')
	}
	n, delta, bias := punyInitialN, 0, punyInitialBias
	for done := basic; done < len(points); {
		next := nextPoint(points, n)
		delta += (next - n) * (done + 1)
		n = next
		for _, c := range points {
			if int(c) < n {
				delta++
			}
			if int(c) == n {
				writeDelta(&out, delta, bias)
				bias = adapt(delta, done+1, done == basic)
				delta = 0
				done++
			}
		}
		delta++
		n++
	}
	return punyPrefix + out.String()
}

// nextPoint returns the smallest code point that is at least n.
func nextPoint(points []rune, n int) int {
	next := int(^uint32(0) >> 1)
	for _, c := range points {
		if int(c) >= n && int(c) < next {
			next = int(c)
		}
	}
	return next
}

func writeDelta(out *strings.Builder, delta, bias int) {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	for k := punyBase; ; k += punyBase {
		t := threshold(k, bias)
		if delta < t {
			out.WriteByte(digits[delta])
			return
		}
		out.WriteByte(digits[t+(delta-t)%(punyBase-t)])
		delta = (delta - t) / (punyBase - t)
	}
}

// jsonEscaped spells what is not ASCII as PHP's json_encode does, in lower case (needles of hosts are).
func jsonEscaped(text string) string {
	var out strings.Builder
	for _, c := range text {
		if c < 0x80 {
			out.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

// percentEncoded spells what is not ASCII as rawurlencode does, in lower case.
func percentEncoded(text string) string {
	var out strings.Builder
	for i := range len(text) {
		if text[i] < 0x80 {
			out.WriteByte(text[i])
		} else {
			fmt.Fprintf(&out, "%%%02x", text[i])
		}
	}
	return out.String()
}

// percentEncodedPath spells names as rawurlencode does.
func percentEncodedPath(path string) string {
	var out strings.Builder
	for i := range len(path) {
		if c := path[i]; isPathByte(c) || c == '~' || c == '/' {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
