package restore

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"syscall"

	"clonepool.dev/clone-agent/internal/manifest"
)

// Unpack wipes dir and fills it from a tar.gz of the image, then compares it with its manifest.
// It returns the differences: none, unless disk or image are broken.
func Unpack(ctx context.Context, dir, archive string, want *manifest.Manifest) ([]manifest.Difference, error) {
	if err := asDirectory(ctx, dir); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	if err := Wipe(ctx, dir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := unpack(ctx, root, archive); err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", archive, err)
	}
	return want.Compare(root)
}

func unpack(ctx context.Context, root *os.Root, archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := gzip.NewReader(bufio.NewReaderSize(f, 256<<10))
	if err != nil {
		return err
	}
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = unpackEntry(root, header, entries)
		}
		if err != nil {
			return err
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	mode := uint32(header.Mode) & 0o7777
	switch header.Typeflag {
	case tar.TypeDir:
		if name != "." {
			if err := root.Mkdir(name, 0o700); err != nil {
				return err
			}
		}
		return settle(root, name, mode)
	case tar.TypeReg, tar.TypeGNUSparse:
		out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(copySparse(out, content, header.Size), syscall.Fchmod(int(out.Fd()), mode), out.Close())
	default:
		return fmt.Errorf("%s: a pristine archive holds files and directories only", manifest.Encode(name))
	}
}

// sparseBlock is the unit in which zeros are left out: 60 of the 74 MB of a fresh datadir are zeros.
const sparseBlock = 64 << 10

var zeros = make([]byte, sparseBlock)

func copySparse(out *os.File, in io.Reader, size int64) error {
	block := make([]byte, sparseBlock)
	for offset := int64(0); offset < size; {
		n, err := io.ReadFull(in, block[:min(sparseBlock, size-offset)])
		if err != nil {
			return err
		}
		if !bytes.Equal(block[:n], zeros[:n]) {
			if _, err := out.WriteAt(block[:n], offset); err != nil {
				return err
			}
		}
		offset += int64(n)
	}
	return out.Truncate(size)
}
