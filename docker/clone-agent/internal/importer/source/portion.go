package source

const (
	// parameter of every endpoint: after about how much data the source shall stop.
	maxBytes = "max_bytes"
	// smallestPortion is the least that the protocol allows,
	smallestPortion = 64 << 10
	// usualCheckpoint what the source sends at most between two checkpoints,
	usualCheckpoint = 1 << 20
	// and largestPortion where a limit is no longer worth a request.
	largestPortion = 16 << 20
)

// portion is how much to ask for at once. On a line that is cut again and again nothing would ever arrive whole: each
// answer that is lost before its first checkpoint halves it, each that was whole doubles it.
type portion struct {
	bytes int // 0: no limit
}

func (p *portion) lost(parameters Parameters) {
	if p.bytes == 0 {
		p.bytes = 2 * usualCheckpoint
	}
	p.bytes = max(p.bytes/2, smallestPortion)
	parameters[maxBytes] = p.bytes
}

func (p *portion) arrived(parameters Parameters) {
	if p.bytes *= 2; p.bytes < largestPortion && p.bytes > 0 {
		parameters[maxBytes] = p.bytes
		return
	}
	p.bytes = 0
	delete(parameters, maxBytes)
}
