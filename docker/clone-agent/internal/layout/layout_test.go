package layout

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Apache keeps visitors out while an import runs, by the mark that PID 1 writes: both must mean the same file.
func TestApacheKnowsTheMarkOfAnImport(t *testing.T) {
	config, err := os.ReadFile("../../../wordpress-clone/apache.conf")
	if err != nil {
		t.Fatal(err)
	}
	warm := regexp.MustCompile(`(?s)<IfDefine WARM_POOL>.*?</IfDefine>`).FindString(string(config))
	if !strings.Contains(warm, "RewriteCond "+SiteVolume+"/"+ImportingMark+" -f [OR]\n") {
		t.Errorf("no condition on %s/%s in %q", SiteVolume, ImportingMark, warm)
	}
}
