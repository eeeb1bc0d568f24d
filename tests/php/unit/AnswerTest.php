<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Unit;

use CustomMigrator\Tests\Support\AnswerReader;
use CustomMigrator\Wire\Answer;
use CustomMigrator\Wire\Encoding;
use PHPUnit\Framework\TestCase;

final class AnswerTest extends TestCase
{
    private const JOB_KEY = '498b4a730b737954252060e424bfd632a81ed9e298a0c9e539741ee9707fdda1';
    private const NONCE = '000102030405060708090a0b0c0d0e0f';

    /** @var string */
    private $bytes = '';

    private function answer(): Answer
    {
        return new Answer((string) hex2bin(self::JOB_KEY), self::NONCE, 'rows', function (string $part): void {
            $this->bytes .= $part;
        });
    }

    private function read(string $bytes): AnswerReader
    {
        return new AnswerReader($bytes, (string) hex2bin(self::JOB_KEY), self::NONCE, 'rows');
    }

    public function testTheVectorOfTheProtocol(): void
    {
        $answer = $this->answer();
        $answer->json(['columns' => ['id', 'note']]);
        $answer->data("\x031\x04hi\x032\x00");
        $answer->checkpoint(['cursor' => 'WzJd', 'rows' => 2]);
        $expected = '89434d41310d0a1a0a4a000000197b22636f6c756d6e73223a5b226964222c226e6f7465225d7d440000000803310468'
            . '69033200430000003a9f56370c21169754f506487b8257d5cedebf191963cab43780755b5e7b52e0667b22637572736f'
            . '72223a22577a4a64222c22726f7773223a327d';
        self::assertSame($expected, bin2hex($this->bytes));
        $tail = '4b0000000045000000484cc944eaa55bb19856e2c9f61aea8fcb6769f9dde9b74b63a1fc48e06b889abd7b22636f6d706c'
            . '657465223a747275652c22637572736f72223a6e756c6c2c22726f7773223a327d';
        $read = $this->read($this->bytes . hex2bin($tail));
        self::assertTrue($read->genuine);
        self::assertSame(['complete' => true, 'cursor' => null, 'rows' => 2], $read->end);
        self::assertSame([['1', 'hi'], ['2', null]], AnswerReader::rows($read->confirmed, 2));
    }

    public function testACutAtAnyByteLeavesOnlyWhatWasConfirmed(): void
    {
        $answer = $this->answer();
        $answer->data('one');
        $answer->checkpoint(['cursor' => 'a']);
        $confirmedAt = strlen($this->bytes);
        $answer->data('two');
        $answer->end(['complete' => true, 'cursor' => null]);
        for ($cut = strlen(Answer::MAGIC); $cut < strlen($this->bytes); $cut++) {
            $read = $this->read(substr($this->bytes, 0, $cut));
            self::assertNull($read->end);
            self::assertSame($cut < $confirmedAt ? [] : ['one'], $read->confirmed);
        }
        self::assertSame(['one', 'two'], $this->read($this->bytes)->confirmed);
    }

    public function testAnyChangedByteIsNoticed(): void
    {
        $answer = $this->answer();
        $answer->data('data');
        $answer->end(['complete' => true]);
        for ($at = strlen(Answer::MAGIC); $at < strlen($this->bytes); $at++) {
            $changed = $this->bytes;
            $changed[$at] = chr(ord($changed[$at]) ^ 1);
            self::assertNull($this->read($changed)->end, "byte $at");
        }
    }

    public function testAnAnswerBelongsToItsRequest(): void
    {
        $this->answer()->end(['complete' => true]);
        $other = new AnswerReader($this->bytes, (string) hex2bin(self::JOB_KEY), str_repeat('f', 32), 'rows');
        self::assertFalse($other->genuine);
    }

    public function testACheckpointIsDueAfterAMebibyte(): void
    {
        $answer = $this->answer();
        self::assertFalse($answer->isCheckpointDue());
        $answer->data(str_repeat('x', 1048576));
        self::assertTrue($answer->isCheckpointDue());
        $answer->checkpoint(['cursor' => 'a']);
        self::assertFalse($answer->isCheckpointDue());
    }

    public function testFramesAreBounded(): void
    {
        $answer = $this->answer();
        try {
            $answer->data(str_repeat('x', Answer::MAX_FRAME_BYTES + 1));
            self::fail('it was sent');
        } catch (\LengthException $error) {
            $answer->end(['complete' => false, 'cursor' => null]);
        }
        self::assertTrue($this->read($this->bytes)->genuine);
    }

    public function testNumbersAndCursorsComeBack(): void
    {
        self::assertSame(['00', '7f', '8001', 'ffffffffffffffff7f'], array_map(static function (int $number): string {
            return bin2hex(Encoding::number($number));
        }, [0, 127, 128, PHP_INT_MAX]));
        $value = ['k' => [base64_encode("\xff\x00")], 'n' => 5];
        self::assertSame($value, Encoding::readCursor(Encoding::cursor($value)));
        self::assertNull(Encoding::readCursor('no cursor!'));
    }
}
