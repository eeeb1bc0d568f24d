<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Budget;
use CustomMigrator\Files\Classifier;
use CustomMigrator\Files\Count;
use CustomMigrator\Files\Roots;
use CustomMigrator\Files\Skip;
use CustomMigrator\Files\Walker;
use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Tests\Support\FileTree;
use CustomMigrator\Tests\Support\Source;
use PHPUnit\Framework\TestCase;

final class FilesTest extends TestCase
{
    use FileTree;

    /** @return list<string> "type path" */
    private function walk(string $root, ?string $after = null, int $names = 3): array
    {
        $root = (new Roots($this->paths()))->root($root);
        $walker = new Walker($root, new Classifier($root, new Skip($root)), $names);
        $seen = [];
        foreach ($walker->entries($after) as $entry) {
            $seen[] = rtrim("{$entry->type} {$entry->path} {$entry->detail}");
        }
        return $seen;
    }

    public function testEveryFileBelongsToExactlyOneRoot(): void
    {
        $files = ['index.php', 'wp-admin/a.php', 'wp-includes/b/c.php', 'landing/page.html', 'wp-content/index.php',
            'wp-content/plugins/one/one.php', 'wp-content/themes/t/style.css', 'wp-content/uploads/2024/01/a.jpg',
            'wp-content/languages/de.mo', 'wp-content/object-cache.php'];
        array_map([$this, 'put'], $files);
        $seen = [];
        foreach ((new Roots($this->paths()))->all() as $root) {
            foreach ($this->walk($root->name) as $line) {
                if ($line[0] === 'f') {
                    $seen[] = ltrim($root->target . '/' . substr($line, 2), '/');
                }
            }
        }
        sort($files);
        sort($seen);
        self::assertSame($files, $seen);
    }

    public function testTheWalkCanBeEnteredAfterAnyEntry(): void
    {
        $paths = ['a/1', 'a/2/x', 'a/2/y', 'b', 'c/d/e/f', '0', '10', '9', 'a.b', 'z/1', 'z/2', 'z/3', 'z/4'];
        foreach ($paths as $path) {
            $this->put('wp-content/plugins/' . $path);
        }
        $all = $this->walk('plugins');
        self::assertCount(count(array_unique($all)), $all);
        self::assertSame($all, $this->walk('plugins', null, 1000));
        foreach ($all as $index => $line) {
            $path = explode(' ', $line)[1];
            self::assertSame(array_slice($all, $index + 1), $this->walk('plugins', $path), $path);
        }
    }

    public function testUploadsComeNewestFirst(): void
    {
        foreach (['2009/12/a', '2024/01/b', '2024/11/c', 'elementor/css/d', '2024/notes'] as $path) {
            $this->put('wp-content/uploads/' . $path);
        }
        $files = array_values(array_filter($this->walk('uploads'), static function (string $line): bool {
            return $line[0] === 'f';
        }));
        $expected = ['f elementor/css/d', 'f 2024/notes', 'f 2024/11/c', 'f 2024/01/b', 'f 2009/12/a'];
        self::assertSame($expected, $files);
    }

    public function testSecretsBackupsAndCachesStayBehind(): void
    {
        foreach (['wp-config.php', 'wp-config.php.bak', 'wp-config-sample.php', '.env', '.htaccess'] as $name) {
            $this->put($name);
        }
        foreach (['cache/x', 'updraft/x', '.git/x', 'debug.log', 'upgrade/x', 'backwpup-1/x', 'a.wpress'] as $name) {
            $this->put('wp-content/' . $name);
        }
        $this->put('wp-content/plugins/one/cache/kept.php');
        self::assertSame(
            ['s .env secret', 'f .htaccess', 'f wp-config-sample.php', 's wp-config.php secret',
                's wp-config.php.bak secret'],
            $this->walk('core')
        );
        self::assertSame(
            ['s .git version_control', 's a.wpress backup', 's backwpup-1 backup', 's cache cache', 's debug.log log',
                's updraft backup', 's upgrade cache'],
            $this->walk('content')
        );
        self::assertContains('f one/cache/kept.php', $this->walk('plugins'));
        self::assertContains('s custom-migrator own', $this->walk('plugins'));
    }

    public function testLinksStayInsideTheirRoot(): void
    {
        $this->put('wp-content/uploads/2024/01/a.jpg');
        $this->put('secret.txt');
        file_put_contents($this->folder . '/outside.txt', 'outside');
        $uploads = $this->folder . '/site/wp-content/uploads';
        symlink($uploads . '/2024/01/a.jpg', $uploads . '/absolute');
        mkdir($uploads . '/deep/er', 0755, true);
        symlink('../../2024/01/a.jpg', $uploads . '/deep/er/relative');
        symlink('../2024', $uploads . '/deep/folder');
        symlink('../../secret.txt', $uploads . '/up');
        symlink($this->folder . '/outside.txt', $uploads . '/out');
        symlink('nothing', $uploads . '/broken');
        symlink('.', $uploads . '/self');
        $lines = array_values(array_filter($this->walk('uploads'), static function (string $line): bool {
            return $line[0] === 'l' || $line[0] === 's';
        }));
        $expected = ['l absolute 2024/01/a.jpg', 's broken link_broken', 'l deep/er/relative ../../2024/01/a.jpg',
            'l deep/folder ../2024', 's out link_outside', 's self link_outside', 's up link_outside'];
        self::assertSame($expected, $lines);
    }

    /** @group native */
    public function testPipesAreNotOpened(): void
    {
        posix_mkfifo($this->folder . '/site/wp-content/uploads/pipe', 0600);
        self::assertSame(['s pipe special'], $this->walk('uploads'));
        $answer = $this->source()->ask('files', ['root' => 'uploads', 'paths' => ['pipe']]);
        self::assertSame([['s', 'pipe', 'special']], AnswerReader::records($answer->data));
    }

    /** @dataProvider unsafe */
    public function testPathsThatLeaveTheRootAreRefused(string $path): void
    {
        self::assertFalse(Classifier::isSafe($path));
        $answer = $this->source()->ask('files', ['root' => 'plugins', 'paths' => [$path]]);
        self::assertSame('bad_request', $answer->end['error']['code']);
        self::assertSame([], $answer->data);
    }

    /** @return list<array{string}> */
    public function unsafe(): array
    {
        return [['../../../etc/passwd'], ['/etc/passwd'], ['one/../../x'], ['one//x'], ['./one'], ['one/.'], [''],
            ["one\0"]];
    }

    public function testNamedPathsAreHeldToTheSameRules(): void
    {
        $this->put('wp-config.php');
        $this->put('wp-content/plugins/one/a.php', 'A');
        $this->put('wp-content/plugins/custom-migrator/cli.php');
        symlink($this->folder, $this->folder . '/site/wp-content/plugins/one/link');
        $ask = function (string $root, array $paths): array {
            $answer = $this->source()->ask('files', ['root' => $root, 'paths' => $paths]);
            return array_map(static function (array $record): string {
                return implode(' ', [$record[0], $record[1], $record[0] === 's' ? $record[2] : '']);
            }, AnswerReader::records($answer->data));
        };
        self::assertSame(['f one/a.php ', 'b A ', 'z 0 '], $ask('plugins', ['one/a.php']));
        self::assertSame(
            ['s custom-migrator/cli.php own', 's one/link/site/wp-config.php link_outside', 's none missing'],
            $ask('plugins', ['custom-migrator/cli.php', 'one/link/site/wp-config.php', 'none'])
        );
        self::assertSame(['s wp-config.php secret'], $ask('core', ['wp-config.php']));
        self::assertSame(['s wp-content/plugins/one/a.php missing'], $ask('core', ['wp-content/plugins/one/a.php']));
    }

    public function testATreeComesInAnyNumberOfAnswers(): void
    {
        $expected = [];
        $names = ['plain', 'with space', "\xc3\xbc-\xf0\x9f\x98\x80", str_repeat('n', 255), 'empty', 'deep/er/x'];
        foreach ($names as $index => $name) {
            $expected[$name] = $name === 'empty' ? '' : random_bytes(100000 * ($index + 1));
            $this->put('wp-content/plugins/one/' . $name, $expected[$name]);
        }
        $params = ['root' => 'plugins', 'max_bytes' => Budget::MIN_BYTES];
        [$data, $requests] = $this->source()->all('files', $params);
        self::assertGreaterThan(5, $requests);
        $contents = self::contents(AnswerReader::records($data));
        foreach ($expected as $name => $bytes) {
            self::assertSame(sha1($bytes), sha1($contents['one/' . $name]), $name);
        }
        self::assertCount(count($expected), $contents);
    }

    /** @group native */
    public function testNamesAreBytes(): void
    {
        $names = ["latin1-\xfc", "line\nbreak", "quote'\"\\", "\xff\xfe", str_repeat("\xe9", 255), ' ', '-rf', '0'];
        foreach ($names as $name) {
            $this->put('wp-content/plugins/one/' . $name, $name);
        }
        $params = ['root' => 'plugins', 'max_bytes' => Budget::MIN_BYTES];
        $contents = self::contents(AnswerReader::records($this->source()->all('files', $params)[0]));
        self::assertCount(count($names), $contents);
        foreach ($names as $name) {
            self::assertSame($name, $contents['one/' . $name]);
        }
    }

    public function testACutAnswerGoesOnFromItsLastCheckpoint(): void
    {
        $bytes = random_bytes(3500000);
        $this->put('wp-content/plugins/one/big', $bytes);
        $this->put('wp-content/plugins/two/after', 'after');
        $raw = $this->source()->raw('files', ['root' => 'plugins']);
        foreach ([1200000, 2000000, 3499000, strlen($raw) - 1] as $cut) {
            $first = Source::read(substr($raw, 0, $cut), 'files');
            $cursor = end($first->checkpoints)['cursor'];
            [$rest] = $this->source()->all('files', ['root' => 'plugins', 'cursor' => $cursor]);
            $contents = self::contents(AnswerReader::records(array_merge($first->confirmed, $rest)));
            self::assertSame(sha1($bytes), sha1($contents['one/big']));
            self::assertSame('after', $contents['two/after']);
        }
    }

    public function testAFileThatChangesBetweenAnswersBeginsAnew(): void
    {
        $this->put('wp-content/plugins/one/big', random_bytes(3000000));
        $params = ['root' => 'plugins', 'paths' => ['one/big'], 'max_bytes' => Budget::MIN_BYTES];
        $first = $this->source()->ask('files', $params);
        self::assertFalse($first->end['complete']);
        $new = random_bytes(2000000);
        $this->put('wp-content/plugins/one/big', $new);
        [$rest] = $this->source()->all('files', ['cursor' => $first->end['cursor']] + $params);
        $records = AnswerReader::records($rest);
        self::assertSame(0, $records[0][5]);
        self::assertSame(sha1($new), sha1(self::contents($records)['one/big']));
    }

    public function testHashesAndExcludes(): void
    {
        $this->put('wp-admin/a.php', 'A');
        $this->put('wp-admin/b.css', 'B');
        $params = ['root' => 'core', 'mode' => 'hashes', 'exclude' => ['*.css']];
        $records = AnswerReader::records($this->source()->ask('files', $params)->data);
        self::assertSame(['d', 'h', 's'], array_column($records, 0));
        [, $path, , $size, , $digest] = $records[1];
        self::assertSame(['wp-admin/a.php', 1, hash('sha256', 'A', true)], [$path, $size, $digest]);
        self::assertSame(['wp-admin/b.css', 'excluded'], array_slice($records[2], 1));
    }

    public function testFilesAreCounted(): void
    {
        $this->put('wp-content/plugins/one/a', 'abc');
        $this->put('wp-content/uploads/b', 'defg');
        $count = Count::of(new Roots($this->paths()), new Budget(microtime(true) + 60, PHP_INT_MAX));
        self::assertSame([true, 2, 7], [$count['complete'], $count['count'], $count['bytes']]);
        $none = Count::of(new Roots($this->paths()), new Budget(0.0, PHP_INT_MAX));
        self::assertFalse($none['complete']);
    }

    public function testAnUnknownRootIsToldWhatThereIs(): void
    {
        $error = $this->source()->ask('files', ['root' => 'etc'])->end['error'];
        self::assertSame('unknown_root', $error['code']);
        self::assertStringContainsString('plugins', $error['message']);
    }

    public function testPartsOfARootAreTogetherTheWholeAndNothingTwice(): void
    {
        for ($number = 0; $number < 60; $number++) {
            $this->put(sprintf('wp-content/uploads/20%02d/%d.bin', $number % 3, $number), str_repeat('x', 3000));
        }
        $seen = [];
        for ($part = 0; $part < 3; $part++) {
            // A byte limit that cuts each part into several answers.
            $params = ['root' => 'uploads', 'part' => $part, 'parts' => 3, 'max_bytes' => 65536];
            [$data] = $this->source()->all('files', $params);
            $paths = array_keys(self::contents(AnswerReader::records($data)));
            self::assertGreaterThan(10, count($paths));
            $seen = array_merge($seen, $paths);
        }
        self::assertCount(60, $seen);
        self::assertCount(60, array_unique($seen));
    }

    public function testAPartBeyondTheLastIsRefused(): void
    {
        $end = $this->source()->ask('files', ['root' => 'uploads', 'part' => 3, 'parts' => 3])->end;
        self::assertSame('bad_request', $end['error']['code']);
    }
}
