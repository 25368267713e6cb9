//! Categories for those who have made none: rough, meant to be replaced in ActivityWatch's own settings.

use super::CategoryRule;

/// Names and patterns, which ignore case; only words that hardly stand in a title of something else.
///
/// Of equal depth the later wins, so what a browser shows (a video, a shop) comes after the programs, and sites of work
/// lie a level deeper.
const STARTER: [(&[&str], &str); 20] = [
    (
        &["Files"],
        r"^(org\.gnome\.)?nautilus$|^dolphin$|^thunar$|^nemo$|^finder$|^explorer(\.exe)?$",
    ),
    (
        &["System"],
        r"^(system|gnome-)?[ -]?(settings|control[ -]center)$|task ?manager|activity monitor",
    ),
    (
        &["Writing"],
        r"\b(libreoffice[ -]?writer|winword|microsoft word|google docs|overleaf|scrivener)\b",
    ),
    (
        &["Writing", "Notes"],
        r"\b(obsidian|logseq|joplin|onenote|evernote|zettlr|notion)\b",
    ),
    (
        &["Office", "Spreadsheets"],
        r"\b(libreoffice[ -]?calc|excel|google sheets|gnumeric)\b",
    ),
    (
        &["Office", "Slides"],
        r"\b(libreoffice[ -]?impress|powerpnt|powerpoint|google slides|keynote)\b",
    ),
    (
        &["Office", "Calendar"],
        r"\b(google calendar|gnome-calendar|fantastical)\b",
    ),
    (
        &["Reading"],
        r"\b(evince|okular|zathura|sumatrapdf|calibre|foliate|kindle|zotero)\b|\.(pdf|epub)\b",
    ),
    (&["Reading", "Reference"], r"\bwikipedia\b|\barxiv\.org\b"),
    (
        &["Development"],
        r"^code(\.exe| - .*)?$|\b(visual studio|vscodium|emacs|n?vim|sublime text)\b",
    ),
    (
        &["Development"],
        r"\b(intellij|pycharm|clion|goland|rustrover|webstorm|xcode|android studio)\b",
    ),
    (
        &["Development", "Terminal"],
        r"\b(alacritty|kitty|konsole|gnome-terminal|wezterm|iterm2?|windowsterminal|powershell|xterm)\b|^(terminal|foot)$",
    ),
    (
        &["Development", "Review"],
        r"\b(github|gitlab|codeberg|bitbucket|gerrit)\b",
    ),
    (
        &["Development", "Help"],
        r"\b(stack ?overflow|docs\.rs|read ?the ?docs|mdn web docs)\b",
    ),
    (
        &["Design"],
        r"\b(gimp|inkscape|krita|figma|photoshop|illustrator|blender|freecad|darktable)\b",
    ),
    (
        &["Communication", "Mail"],
        r"\b(thunderbird|outlook|gmail|evolution|geary|proton ?mail)\b",
    ),
    (
        &["Communication", "Chat"],
        r"\b(slack|discord|signal-desktop|telegram|whatsapp|mattermost|zulip|microsoft teams)\b|^(signal|element)$",
    ),
    (
        &["Communication", "Calls"],
        r"\b(zoom meeting|google meet|jitsi|webex|skype)\b|^zoom(\.exe|\.us)?$",
    ),
    (
        &["Leisure", "Video and music"],
        r"\b(youtube|netflix|twitch|vimeo|vlc|mpv|spotify|soundcloud|rhythmbox)\b",
    ),
    (
        &["Leisure", "Social and games"],
        r"\b(reddit|mastodon|bluesky|facebook|instagram|tiktok|linkedin|steam|minecraft|lutris)\b",
    ),
];

/// Returns the rules of the starter set.
pub(super) fn rules() -> Vec<CategoryRule> {
    let rule = |(name, regex): &(&[&str], &str)| CategoryRule {
        name: name.iter().map(|&part| part.to_owned()).collect(),
        regex: Some((*regex).to_owned()),
        ignore_case: true,
        ..CategoryRule::default()
    };
    STARTER.iter().map(rule).collect()
}
