<?php

declare(strict_types=1);

namespace LabSource;

/** How much of everything a generated site has. */
final class Size
{
    /** Each picture lies there once as uploaded and in four smaller sizes. */
    public const FILES_PER_PICTURE = 5;

    private function __construct(
        public readonly int $posts,
        public readonly int $metaPerPost,
        public readonly int $comments,
        public readonly int $pictures,
        public readonly int $uploadBytes,
    ) {
    }

    /** @throws \InvalidArgumentException */
    public static function of(string $name): self
    {
        return match ($name) {
            'small' => new self(posts: 30, metaPerPost: 5, comments: 40, pictures: 4, uploadBytes: 2_000_000),
            'medium' => new self(10_000, 5, 15_000, pictures: 66, uploadBytes: 100_000_000),
            'large' => new self(10_000, 5, 15_000, pictures: 1_000, uploadBytes: 500_000_000),
            default => throw new \InvalidArgumentException("{$name}: small, medium or large"),
        };
    }

    public function files(): int
    {
        return $this->pictures * self::FILES_PER_PICTURE;
    }
}
