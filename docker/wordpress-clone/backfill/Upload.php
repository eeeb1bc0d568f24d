<?php

declare(strict_types=1);

namespace CloneBackfill;

/** A file of the uploads that a visitor wants while the uploads still follow. */
final class Upload
{
    /**
     * What is fetched ahead, and as what it is served; everything else is not there until it has come by itself.
     * Nothing that Apache would run is among it.
     */
    private const TYPES = [
        'avif' => 'image/avif', 'bmp' => 'image/bmp', 'gif' => 'image/gif', 'heic' => 'image/heic',
        'ico' => 'image/vnd.microsoft.icon', 'jpeg' => 'image/jpeg', 'jpg' => 'image/jpeg', 'png' => 'image/png',
        'svg' => 'image/svg+xml', 'tif' => 'image/tiff', 'tiff' => 'image/tiff', 'webp' => 'image/webp',
        'm4a' => 'audio/mp4', 'm4v' => 'video/mp4', 'mov' => 'video/quicktime', 'mp3' => 'audio/mpeg',
        'mp4' => 'video/mp4', 'oga' => 'audio/ogg', 'ogg' => 'audio/ogg', 'ogv' => 'video/ogg', 'wav' => 'audio/x-wav',
        'webm' => 'video/webm', 'vtt' => 'text/vtt',
        'css' => 'text/css', 'csv' => 'text/csv', 'js' => 'text/javascript', 'json' => 'application/json',
        'txt' => 'text/plain', 'xml' => 'application/xml',
        'doc' => 'application/msword', 'pdf' => 'application/pdf', 'xls' => 'application/vnd.ms-excel',
        'docx' => 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'pptx' => 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
        'xlsx' => 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'zip' => 'application/zip',
        'eot' => 'application/vnd.ms-fontobject', 'otf' => 'font/otf', 'ttf' => 'font/ttf', 'woff' => 'font/woff',
        'woff2' => 'font/woff2',
    ];

    /** @var string relative to the uploads */
    public $name;
    /** @var string */
    public $type;
    /** @var string absolute */
    private $folder;

    private function __construct(string $name, string $type, string $folder)
    {
        $this->name = $name;
        $this->type = $type;
        $this->folder = $folder;
    }

    /**
     * The file that a request asks for, or null if it is none of the uploads.
     *
     * A site may show them under several paths (WordPress in /blog, Bedrock's /app); here these are links.
     */
    public static function of(string $uri, string $docroot): ?self
    {
        $path = rawurldecode(explode('?', $uri, 2)[0]);
        $parts = explode('/', trim($path, '/'));
        if (preg_match('//u', $path) !== 1 || array_intersect($parts, ['', '.', '..']) !== []) {
            return null;
        }
        $content = realpath($docroot . '/wp-content');
        $at = array_search('uploads', $parts, true);
        $name = implode('/', array_slice($parts, (int) $at + 1));
        $type = self::TYPES[strtolower(pathinfo($name, PATHINFO_EXTENSION))] ?? null;
        if ($at === false || $content === false || $type === null || strpos($path, "\0") !== false) {
            return null;
        }
        $before = implode('/', array_slice($parts, 0, (int) $at));
        return realpath("$docroot/$before") === $content ? new self($name, $type, "$content/uploads") : null;
    }

    /** The file once it is there: a plain one, below the uploads. */
    public function file(): ?string
    {
        $file = realpath("{$this->folder}/{$this->name}");
        $inside = $file !== false && strpos($file, (string) realpath($this->folder) . '/') === 0;
        return $inside && is_file((string) $file) ? (string) $file : null;
    }
}
