package restore

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// placeOfRoot names in the environment a directory of root's that everybody may write to.
const placeOfRoot = "RESTORE_TEST_PLACE"

// TestAllThisWithoutPrivileges runs the package's tests again as the user that a container runs as: modes stop nobody
// who is root.
func TestAllThisWithoutPrivileges(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("is being run without privileges")
	}
	const user = 33
	dir := t.TempDir()
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		must(t, os.Chmod(parent, 0o755))
	}
	scratch, program := filepath.Join(dir, "scratch"), filepath.Join(dir, "restore.test")
	must(t, os.Mkdir(scratch, 0o700))
	must(t, os.Chown(scratch, user, user))
	place := filepath.Join(dir, "place")
	must(t, os.Mkdir(place, 0o777))
	must(t, os.Chmod(place, 0o777))
	copyProgram(t, program)
	again := exec.Command(program, "-test.count=1")
	again.Dir = scratch
	again.Env = []string{"TMPDIR=" + scratch, placeOfRoot + "=" + place}
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	if output, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	in, err := os.Open("/proc/self/exe")
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
}
