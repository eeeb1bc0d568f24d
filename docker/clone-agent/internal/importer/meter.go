package importer

import (
	"time"
)

const (
	// rateSpan is what a rate is measured over: long enough to be calm, short enough to show a source that has gone silent.
	rateSpan = 10 * time.Second
	samples  = int(rateSpan / reportEvery)
)

// meter counts one stage's bytes. Its owner locks.
type meter struct {
	done, total int64
	before      int64 // of done: what came before the start
	started     time.Time
	recent      [samples]sample // a ring
	next        int
}

type sample struct {
	at   time.Time
	done int64
}

func (m *meter) start(total int64) { m.total, m.started = total, time.Now() }

// sample is taken at a steady pace.
func (m *meter) sample(now time.Time) {
	m.recent[m.next] = sample{now, m.done - m.before}
	m.next = (m.next + 1) % samples
}

// rate is bytes a second of late.
func (m *meter) rate(now time.Time) int64 {
	from := m.recent[m.next] // the oldest, if the ring is full
	if from.at.IsZero() {
		from = sample{m.started, 0}
	}
	span := now.Sub(from.at)
	if m.started.IsZero() || span < reportEvery {
		return 0
	}
	return max(0, int64(float64(m.done-m.before-from.done)/span.Seconds())) // done goes back where rows have to come again
}

// eta is in seconds; where nothing comes at the moment, it is judged by the whole time so far.
func (m *meter) eta(now time.Time) int64 {
	rate := m.rate(now)
	if elapsed := now.Sub(m.started).Seconds(); rate == 0 && !m.started.IsZero() && elapsed > 0 {
		rate = int64(float64(m.done-m.before) / elapsed)
	}
	if rate <= 0 {
		return 0
	}
	return (max(m.total-m.done, 0) + rate - 1) / rate
}

// percent is below 100 until the end: totals are estimates.
func (m *meter) percent() float64 {
	if m.total <= 0 {
		return 0
	}
	return min(float64(m.done)/float64(m.total)*100, 99)
}
