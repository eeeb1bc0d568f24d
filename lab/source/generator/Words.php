<?php

declare(strict_types=1);

namespace LabSource;

use Random\Engine\Xoshiro256StarStar;
use Random\Randomizer;

/** Text and bytes that look accidental and are the same at every run. */
final class Words
{
    private const VOCABULARY = 'harbour winter garden letter bridge morning copper window river stone market lantern'
        . ' orchard silver kitchen journey paper thunder meadow candle compass velvet island chimney sparrow library'
        . ' cinnamon railway mountain whistle blanket mirror pepper anchor village marble ribbon forest teapot summer'
        . ' wooden quiet narrow golden early heavy curious gentle hidden modern ancient bright crooked patient'
        . ' carries follows remembers opens paints repairs gathers crosses measures answers keeps borrows hums'
        . ' Zürich café naïve smörgåsbord Łódź résumé 東京 привет 🌊 🍋';

    private readonly Randomizer $random;
    /** @var list<string> */
    private readonly array $words;
    /** @var list<string> */
    private array $paragraphs = [];

    public function __construct(int $seed)
    {
        $this->random = new Randomizer(new Xoshiro256StarStar($seed));
        $this->words = explode(' ', self::VOCABULARY);
        for ($i = 0; $i < 1_000; $i++) {
            $this->paragraphs[] = implode(' ', array_map(fn (): string => $this->sentence(), range(1, 4)));
        }
    }

    public function sentence(): string
    {
        return ucfirst($this->some($this->number(7, 14))) . '.';
    }

    public function title(): string
    {
        return ucwords($this->some($this->number(3, 6)));
    }

    public function paragraph(): string
    {
        return $this->paragraphs[$this->number(0, count($this->paragraphs) - 1)];
    }

    public function number(int $from, int $to): int
    {
        return $this->random->getInt($from, $to);
    }

    /** @return string `$length` bytes that no compressor makes smaller */
    public function noise(int $length): string
    {
        return $this->random->getBytes($length);
    }

    private function some(int $count): string
    {
        $last = count($this->words) - 1;
        $picked = [];
        for ($i = 0; $i < $count; $i++) {
            $picked[] = $this->words[$this->random->getInt(0, $last)];
        }
        return implode(' ', $picked);
    }
}
