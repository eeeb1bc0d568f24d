<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Integration;

use CloneBackfill\Agent;
use CloneBackfill\Upload;
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../../../docker/wordpress-clone/backfill/Upload.php';
require_once __DIR__ . '/../../../docker/wordpress-clone/backfill/Agent.php';

final class MissingUploadTest extends TestCase
{
    /** @var string */
    private $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/backfill-' . bin2hex(random_bytes(6));
        mkdir($this->folder . '/html/wp-content/uploads/2024', 0755, true);
        mkdir($this->folder . '/html/other', 0755);
        symlink('.', $this->folder . '/html/blog');
        symlink('wp-content', $this->folder . '/html/app');
    }

    protected function tearDown(): void
    {
        exec('rm -rf ' . escapeshellarg($this->folder));
    }

    /** @return array<string, array{0: string, 1: string|null}> */
    public function requests(): array
    {
        return [
            'an image' => ['/wp-content/uploads/2024/05/a.jpg', '2024/05/a.jpg'],
            'a query' => ['/wp-content/uploads/a.png?ver=2', 'a.png'],
            'encoded' => ['/wp-content/uploads/caf%C3%A9%20x.JPG', 'café x.JPG'],
            'in a folder of the site' => ['/blog/wp-content/uploads/a.webp', 'a.webp'],
            'another name of wp-content' => ['/app/uploads/a.pdf', 'a.pdf'],
            'a folder of uploads in the uploads' => ['/wp-content/uploads/x/uploads/a.gif', 'x/uploads/a.gif'],
            'a script' => ['/wp-content/uploads/a.php', null],
            'a script behind a picture' => ['/wp-content/uploads/a.jpg.phtml', null],
            'settings' => ['/wp-content/uploads/.htaccess', null],
            'no type' => ['/wp-content/uploads/a', null],
            'another folder' => ['/other/uploads/a.jpg', null],
            'climbing' => ['/wp-content/uploads/../../wp-config.txt', null],
            'climbing, encoded' => ['/wp-content/uploads/%2e%2e/%2e%2e/a.txt', null],
            'NUL' => ['/wp-content/uploads/a%00.jpg', null],
            'no UTF-8' => ['/wp-content/uploads/%ff.jpg', null],
            'the folder itself' => ['/wp-content/uploads/', null],
        ];
    }

    /** @dataProvider requests */
    public function testOnlyFilesOfTheUploadsAreAskedFor(string $uri, ?string $name): void
    {
        $upload = Upload::of($uri, $this->folder . '/html');
        self::assertSame($name, $upload === null ? null : $upload->name);
    }

    public function testOnlyAPlainFileInTheUploadsIsServed(): void
    {
        $uploads = $this->folder . '/html/wp-content/uploads';
        file_put_contents($uploads . '/2024/a.jpg', 'x');
        file_put_contents($this->folder . '/secret.jpg', 'x');
        symlink('../../../secret.jpg', $uploads . '/out.jpg');
        mkdir($uploads . '/folder.jpg');
        $expected = ['2024/a.jpg' => true, 'out.jpg' => false, 'folder.jpg' => false, 'none.jpg' => false];
        foreach ($expected as $name => $is) {
            $upload = Upload::of("/wp-content/uploads/$name", $this->folder . '/html');
            self::assertNotNull($upload);
            self::assertSame($is, $upload->file() !== null, $name);
        }
    }

    public function testNothingIsRunByItsType(): void
    {
        $upload = Upload::of('/wp-content/uploads/a.svg', $this->folder . '/html');
        self::assertNotNull($upload);
        self::assertSame('image/svg+xml', $upload->type);
    }

    /** @return array<string, array{0: string, 1: bool|null}> */
    public function answers(): array
    {
        return [
            'there' => ['{"body":{"found":true}}', true],
            'not at the source' => ['{"body":{"found":false}}', false],
            'not now' => ['{"error":{"code":"not_ready","detail":"no files follow at present"}}', null],
            'nonsense' => ['<html>', null],
            'nothing' => ['', null],
        ];
    }

    /** @dataProvider answers */
    public function testWhatTheAgentSays(string $answer, ?bool $found): void
    {
        $socket = $this->folder . '/s';
        $server = stream_socket_server('unix://' . $socket);
        self::assertIsResource($server);
        $child = pcntl_fork();
        if ($child === 0) {
            $client = stream_socket_accept($server, 5);
            file_put_contents($this->folder . '/asked', fgets($client));
            fwrite($client, $answer === '' ? '' : $answer . "\n");
            fclose($client);
            posix_kill(getmypid(), SIGKILL); // not PHPUnit's end
        }
        self::assertSame($found, (new Agent($socket))->fetch('2024/é "x".jpg'));
        pcntl_waitpid($child, $status);
        $asked = json_decode((string) file_get_contents($this->folder . '/asked'), true);
        self::assertSame(['command' => 'fetch', 'path' => '2024/é "x".jpg'], $asked);
    }

    public function testNobodyListens(): void
    {
        self::assertNull((new Agent($this->folder . '/none'))->fetch('a.jpg'));
    }
}
