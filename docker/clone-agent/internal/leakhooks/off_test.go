//go:build !leakhooks

package leakhooks

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheShippedAgentLeavesNothingWhateverItIsTold(t *testing.T) {
	volume := t.TempDir()
	all := []string{Kill, Tmp, Run, SharedMemory, Queues, Segments, TerminationLog, Beside, Docroot, Attributes, Times, Datadir, Sockets, Page}
	for _, place := range all {
		if err := os.WriteFile(filepath.Join(volume, File), []byte(place), 0o644); err != nil {
			t.Fatal(err)
		}
		if Load(volume); Skips(place) {
			t.Errorf("%s would be left uncleaned", place)
		}
	}
}
