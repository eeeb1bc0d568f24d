<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Budget;
use CustomMigrator\Files\FileReader;
use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Tests\Support\FileTree;
use CustomMigrator\Wire\Encoding;
use PHPUnit\Framework\TestCase;

/**
 * Files as they are found: huge, growing, in circles, closed to us.
 *
 * @group native
 */
final class OddFilesTest extends TestCase
{
    use FileTree;

    private const PLUGINS = 'wp-content/plugins/one/';

    /** @return list<list<string|int>> */
    private function records(array $params): array
    {
        $answer = $this->source()->ask('files', $params + ['root' => 'plugins']);
        self::assertArrayNotHasKey('error', $answer->end);
        return AnswerReader::records($answer->data);
    }

    public function testAFileBeyondFourGigabytesGoesOnWhereItWasCut(): void
    {
        $size = 5 * 1024 ** 3;
        $this->put(self::PLUGINS . 'huge');
        $path = $this->folder . '/site/' . self::PLUGINS . 'huge';
        $handle = fopen($path, 'r+b');
        ftruncate($handle, $size); // takes no room on the disk
        fseek($handle, $size - 5);
        fwrite($handle, "\0the end");
        fclose($handle);
        clearstatcache();
        $stat = stat($path);
        $place = ['p' => base64_encode('one/huge'), 'o' => $size - 300000];
        $cursor = $place + ['s' => $stat['size'], 'm' => $stat['mtime']];
        $params = ['paths' => ['one/huge'], 'cursor' => Encoding::cursor($cursor)];
        $records = $this->records($params);
        self::assertSame(['f', $stat['size'], $size - 300000], [$records[0][0], $records[0][3], $records[0][5]]);
        $bytes = implode('', array_column(array_filter($records, static function (array $record): bool {
            return $record[0] === 'b';
        }), 1));
        self::assertSame([300003, 'the end'], [strlen($bytes), substr($bytes, -7)]);
        self::assertSame(['z', FileReader::WHOLE, $stat['size']], end($records));
    }

    public function testAHugeFileIsNotHashed(): void
    {
        $this->put(self::PLUGINS . 'huge');
        $handle = fopen($this->folder . '/site/' . self::PLUGINS . 'huge', 'r+b');
        ftruncate($handle, 6 * 1024 ** 3);
        fclose($handle);
        $records = $this->records(['mode' => 'hashes', 'paths' => ['one/huge']]);
        self::assertSame(['h', 'one/huge', 6 * 1024 ** 3, str_repeat("\0", 32)], [$records[0][0], $records[0][1],
            $records[0][3], $records[0][5]]);
    }

    public function testAFileThatGrowsComesToAnEnd(): void
    {
        $path = $this->folder . '/site/' . self::PLUGINS . 'growing';
        $this->put(self::PLUGINS . 'growing', str_repeat('a', 600000));
        $reader = FileReader::open($path);
        for ($pieces = 0; $reader->read() !== ''; $pieces++) {
            file_put_contents($path, str_repeat('b', 600000), FILE_APPEND);
        }
        self::assertSame([3, 600000, FileReader::CHANGED], [$pieces, $reader->position(), $reader->status()]);
    }

    public function testAFileThatShrinksIsFlagged(): void
    {
        $path = $this->folder . '/site/' . self::PLUGINS . 'shrinking';
        $this->put(self::PLUGINS . 'shrinking', str_repeat('a', 600000));
        $reader = FileReader::open($path);
        $reader->read();
        file_put_contents($path, 'short');
        self::assertSame('', $reader->read());
        self::assertSame([262144, FileReader::CHANGED], [$reader->position(), $reader->status()]);
    }

    public function testLinksInCirclesEnd(): void
    {
        $one = $this->folder . '/site/' . self::PLUGINS;
        symlink($one . 'b', $one . 'a');
        symlink($one . 'a', $one . 'b');
        symlink('.', $one . 'here');
        symlink('..', $one . 'up');
        $this->put(self::PLUGINS . 'deep/file');
        symlink('..', $one . 'deep/back');
        $lines = array_map(static function (array $record): string {
            return implode(' ', array_slice($record, 0, 3));
        }, array_filter($this->records([]), static function (array $record): bool {
            return $record[0] === 'l' || $record[0] === 's';
        }));
        self::assertSame(['s custom-migrator own', 's one/a link_broken', 's one/b link_broken',
            'l one/deep/back ../../one', 'l one/here ../one', 's one/up link_outside'], array_values($lines));
    }

    public function testWhatCannotBeReadIsListed(): void
    {
        $this->put(self::PLUGINS . 'closed/inside');
        $this->put(self::PLUGINS . 'secret.php');
        $this->put(self::PLUGINS . 'unlisted/inside');
        $this->put(self::PLUGINS . 'plain');
        $one = $this->folder . '/site/' . self::PLUGINS;
        chmod($one . 'closed', 0);
        chmod($one . 'secret.php', 0);
        chmod($one . 'unlisted', 0444); // its names can be read, and nothing else
        $script = escapeshellarg(dirname(__DIR__) . '/support/as_nobody.php');
        $site = escapeshellarg($this->folder . '/site');
        $records = json_decode((string) shell_exec(PHP_BINARY . " $script $site"), true);
        $skipped = array_column(array_filter($records, static function (array $record): bool {
            return $record[0] === 's';
        }), 2, 1);
        self::assertSame(['one/closed' => 'unreadable', 'one/secret.php' => 'unreadable',
            'one/unlisted/inside' => 'missing'], $skipped);
        self::assertContains('one/plain', array_column($records, 1));
    }

    public function testNothingIsWrittenOnTheSource(): void
    {
        $this->put(self::PLUGINS . 'a', str_repeat('x', 200000));
        $before = $this->listing();
        $this->source()->all('files', ['root' => 'plugins', 'max_bytes' => Budget::MIN_BYTES]);
        $this->source()->all('files', ['root' => 'core', 'mode' => 'hashes']);
        self::assertSame($before, $this->listing());
    }

    /** @return array<string, array{int, int, int}> size, mtime and ctime by path */
    private function listing(): array
    {
        clearstatcache();
        $found = [];
        $all = new \RecursiveDirectoryIterator($this->folder, \FilesystemIterator::SKIP_DOTS);
        foreach (new \RecursiveIteratorIterator($all, \RecursiveIteratorIterator::SELF_FIRST) as $file) {
            $found[$file->getPathname()] = [$file->getSize(), $file->getMTime(), $file->getCTime()];
        }
        ksort($found);
        return $found;
    }
}
