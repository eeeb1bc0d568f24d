package restore

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"clonepool.dev/clone-agent/internal/manifest"
)

// archive packs a datadir-like tree: directories, small files, and one that is mostly holes.
func archive(t *testing.T, extra ...tar.Header) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pristine.tar.gz")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	zipped := gzip.NewWriter(f)
	defer zipped.Close()
	out := tar.NewWriter(zipped)
	defer out.Close()
	holes := append(bytes.Repeat([]byte{0}, 1<<20), "end"...)
	holes[70_000] = 1
	headers := append([]tar.Header{
		{Name: "./", Typeflag: tar.TypeDir, Mode: 0o750},
		{Name: "./mysql/", Typeflag: tar.TypeDir, Mode: 0o750},
		{Name: "./mysql/t.ibd", Typeflag: tar.TypeReg, Mode: 0o640, Size: int64(len(holes))},
		{Name: "./empty", Typeflag: tar.TypeReg, Mode: 0o640},
	}, extra...)
	for _, h := range headers {
		must(t, out.WriteHeader(&h))
		if h.Size > 0 {
			_, err := out.Write(holes[:h.Size])
			must(t, err)
		}
	}
	return path
}

func TestAUsedDatadirBecomesTheArchives(t *testing.T) {
	volume := t.TempDir()
	dir, packed := filepath.Join(volume, "data"), archive(t)
	_, err := Unpack(context.Background(), dir, packed, manifest.New(nil))
	must(t, err)
	want, err := manifest.Of(dir)
	must(t, err)
	if info, err := os.Stat(dir + "/mysql/t.ibd"); err != nil || info.Size() != 1<<20+3 {
		t.Errorf("unpacked file: %v, %v", info, err)
	}
	must(t, os.WriteFile(dir+"/mysqld-auto.cnf", []byte("canary"), 0o640))
	must(t, os.WriteFile(dir+"/mysql/t.ibd", []byte("canary"), 0o640))
	differences, err := Unpack(context.Background(), dir, packed, want)
	must(t, err)
	if len(differences) > 0 {
		t.Errorf("differences after unpacking: %v", differences)
	}
}

func TestAnArchiveThatLeavesTheDatadirIsRefused(t *testing.T) {
	for name, header := range map[string]tar.Header{
		"parent":    {Name: "../escaped", Typeflag: tar.TypeReg, Mode: 0o644},
		"absolute":  {Name: "/escaped", Typeflag: tar.TypeReg, Mode: 0o644},
		"link":      {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		"hard link": {Name: "link", Typeflag: tar.TypeLink, Linkname: "empty"},
		"device":    {Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Unpack(context.Background(), filepath.Join(t.TempDir(), "data"), archive(t, header), manifest.New(nil))
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}
