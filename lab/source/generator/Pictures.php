<?php

declare(strict_types=1);

namespace LabSource;

/** Writes the uploads: real JPEG files with noise behind the picture, each in five sizes. */
final class Pictures
{
    private const WIDTHS = ['' => 1200, 'large' => 1024, 'medium_large' => 768, 'medium' => 300, 'thumbnail' => 150];

    /** @var array<int, string> JPEG by width */
    private array $jpegs = [];
    private int $bytes = 0;

    public function __construct(
        private readonly string $uploads,
        private readonly Size $size,
        private readonly Words $words,
    ) {
    }

    /**
     * Write the files of one picture.
     *
     * @return array WordPress's attachment metadata
     */
    public function write(int $number): array
    {
        $folder = dirname(self::path($number));
        wp_mkdir_p("{$this->uploads}/{$folder}");
        $metadata = ['file' => self::path($number), 'sizes' => []];
        foreach (self::WIDTHS as $name => $width) {
            $height = intdiv($width * 2, 3);
            $file = $name === '' ? "picture-{$number}.jpg" : "picture-{$number}-{$width}x{$height}.jpg";
            $about = ['width' => $width, 'height' => $height, 'filesize' => $this->file("{$folder}/{$file}", $width)];
            if ($name === '') {
                $metadata += $about;
            } else {
                $metadata['sizes'][$name] = ['file' => $file, 'mime-type' => 'image/jpeg'] + $about;
            }
        }
        return $metadata;
    }

    /** Where the picture lies below uploads. */
    public static function path(int $number): string
    {
        return sprintf('%d/%02d/picture-%d.jpg', 2020 + intdiv($number, 12) % 6, $number % 12 + 1, $number);
    }

    /** @return int bytes of all files so far */
    public function bytes(): int
    {
        return $this->bytes;
    }

    /** @return int the file's size in bytes */
    private function file(string $path, int $width): int
    {
        $share = intdiv($this->size->uploadBytes * $width, $this->size->pictures * array_sum(self::WIDTHS));
        $jpeg = $this->jpegs[$width] ??= $this->jpeg($width);
        // Decoders stop at the end of the picture; the rest only has to be hard to compress.
        $content = $jpeg . $this->words->noise(max(1, $share - strlen($jpeg)));
        file_put_contents("{$this->uploads}/{$path}", $content);
        $this->bytes += strlen($content);
        return strlen($content);
    }

    private function jpeg(int $width): string
    {
        [$half, $third] = [intdiv($width, 2), intdiv($width, 3)];
        $image = imagecreatetruecolor($width, 2 * $third);
        imagefill($image, 0, 0, imagecolorallocate($image, 40, 90, 140));
        imagefilledellipse($image, $half, $third, $half, $third, imagecolorallocate($image, 240, 200, 80));
        ob_start();
        imagejpeg($image, null, 80);
        return (string) ob_get_clean();
    }
}
