<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Files\FileReader;
use PHPUnit\Framework\TestCase;

final class FileReaderTest extends TestCase
{
    public function testAFileThatChangesWhileReadIsFlagged(): void
    {
        $path = (string) tempnam(sys_get_temp_dir(), 'cm-file-');
        file_put_contents($path, str_repeat('a', 300000));
        $reader = FileReader::open($path);
        $reader->read();
        file_put_contents($path, 'more', FILE_APPEND);
        $reader->read();
        self::assertSame('', $reader->read());
        unlink($path);
        self::assertSame([300000, FileReader::CHANGED], [$reader->position(), $reader->status()]);
    }
}
