<?php

declare(strict_types=1);

namespace LabSource;

/** Post meta as plug-ins write it: the site's address in nested serialized values and in escaped JSON. */
final class Meta
{
    public function __construct(private readonly string $url, private readonly Words $words)
    {
    }

    /** @return array{string, string} key and value of the `$kind`th meta of a post */
    public function of(int $post, int $kind): array
    {
        return match ($kind % 5) {
            0 => ['_builder_data', $this->builder($post)],
            1 => ['_lab_gallery', serialize($this->gallery($post))],
            2 => ['_lab_cache', serialize(['at' => $post, 'payload' => serialize($this->related($post))])],
            3 => ['_lab_seo', serialize($this->seo($post))],
            default => ['_edit_last', '1'],
        };
    }

    /** A page builder's document, as JSON with escaped slashes. */
    private function builder(int $post): string
    {
        $image = ['url' => "{$this->url}/wp-content/uploads/2024/01/picture-{$post}.jpg", 'id' => $post];
        $button = ['text' => $this->words->title(), 'link' => ['url' => "{$this->url}/?p={$post}", 'is_external' => '']];
        $widgets = [
            ['id' => dechex($post), 'elType' => 'widget', 'widgetType' => 'image', 'settings' => ['image' => $image]],
            ['id' => dechex($post + 1), 'elType' => 'widget', 'widgetType' => 'button', 'settings' => $button],
            ['id' => dechex($post + 2), 'elType' => 'widget', 'widgetType' => 'text-editor',
                'settings' => ['editor' => "<p>{$this->words->paragraph()} <a href=\"{$this->url}/\">home</a></p>"]],
        ];
        return json_encode([['elType' => 'section', 'settings' => [], 'elements' => $widgets]], JSON_THROW_ON_ERROR);
    }

    private function gallery(int $post): array
    {
        $picture = fn (int $n): array => [
            'src' => "{$this->url}/wp-content/uploads/2024/02/gallery-{$post}-{$n}.jpg",
            'alt' => $this->words->sentence(),
            'ratio' => 0.1 * $n,
            'focus' => null,
            'lazy' => true,
        ];
        return ['layout' => 'grid', 'pictures' => [$picture(1), $picture(2)]];
    }

    private function related(int $post): object
    {
        return (object) [
            'html' => "<a href='{$this->url}/?p=" . ($post + 1) . "'>{$this->words->title()}</a>",
            'feeds' => ["{$this->url}/feed/", "{$this->url}/comments/feed/"],
        ];
    }

    private function seo(int $post): array
    {
        return [
            'title' => $this->words->title(),
            'canonical' => "{$this->url}/?p={$post}",
            'description' => $this->words->paragraph(),
            'share' => 'https://social.invalid/share?u=' . rawurlencode("{$this->url}/?p={$post}"),
        ];
    }
}
