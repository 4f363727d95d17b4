#include "helm-service/domain/source_url.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

constexpr std::size_t kLongestUrl = 2048;

absl::Status Refused() {
  return absl::InvalidArgumentError(
      "must be https://host/path or oci://host/path, without user, fragment and \"..\", at most "
      "2048 characters");
}

bool IsHexDigit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

bool ConsistsOf(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           punctuation.find(c) != std::string_view::npos;
  });
}

// A name, an IPv4 address, or an IPv6 one in brackets.
bool IsHost(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  if (text.front() != '[') {
    return std::isalnum(static_cast<unsigned char>(text.front())) != 0 && ConsistsOf(text, ".-");
  }
  text.remove_prefix(1);
  if (!text.ends_with(']')) return false;
  text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return IsHexDigit(c) || c == ':' || c == '.'; });
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

// The text with %XX decoded; nothing if an escape is broken or stands for a control character.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned code = 0;
    if (i + 2 >= text.size() || !IsHexDigit(text[i + 1]) || !IsHexDigit(text[i + 2])) {
      return std::nullopt;
    }
    std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
    if (code < 0x20 || code == 0x7f) return std::nullopt;
    decoded += static_cast<char>(code);
    i += 2;
  }
  return decoded;
}

// Only characters of URLs, and, however written, no segment of dots alone.
bool IsPath(std::string_view text) {
  if (!ConsistsOf(text, "/._~+-%=@:,;!$&'()*")) return false;
  const std::optional<std::string> decoded = PercentDecoded(text);
  if (!decoded.has_value()) return false;
  const std::vector<std::string> segments = absl::StrSplit(*decoded, absl::ByAnyChar("/\\"));
  return std::none_of(segments.begin(), segments.end(),
                      [](const std::string& segment) { return segment == "." || segment == ".."; });
}

bool IsQuery(std::string_view text) {
  return ConsistsOf(text, "/._~+-%=@:,;!$&'()*?") && PercentDecoded(text).has_value();
}

std::string_view DefaultPort(std::string_view scheme) { return scheme == "http" ? ":80" : ":443"; }

// A relative path below `folder`, its dots carried out.
std::string Joined(const std::string& folder, const std::string& relative) {
  const std::string whole = relative.starts_with('/') ? relative : folder + "/" + relative;
  std::vector<absl::string_view> segments;
  for (const absl::string_view segment : absl::StrSplit(whole, '/', absl::SkipEmpty())) {
    if (segment != ".." && segment != ".") segments.push_back(segment);
    if (segment == ".." && !segments.empty()) segments.pop_back();
  }
  return segments.empty() ? "" : "/" + absl::StrJoin(segments, "/");
}

}  // namespace

absl::StatusOr<SourceUrl> SourceUrl::Parse(std::string_view text) {
  constexpr std::string_view kAuthorityMark = "://";
  const std::size_t mark = text.find(kAuthorityMark);
  if (text.size() > kLongestUrl || mark == std::string_view::npos) return Refused();
  SourceUrl url;
  url.scheme_ = absl::AsciiStrToLower(std::string(text.substr(0, mark)));
  if (url.scheme_ != "https" && url.scheme_ != "http" && url.scheme_ != "oci") return Refused();
  std::string_view rest = text.substr(mark + kAuthorityMark.size());
  const std::size_t query = std::min(rest.find('?'), rest.size());
  if (query < rest.size() && !IsQuery(rest.substr(query + 1))) return Refused();
  url.query_ = rest.substr(query);
  if (!url.query_.empty() && url.scheme_ == "oci") return Refused();
  rest = rest.substr(0, query);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  url.path_ = rest.substr(slash);
  while (url.path_.ends_with('/')) url.path_.pop_back();
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.ends_with(']');
  if (has_port) {
    if (!IsPort(authority.substr(colon + 1))) return Refused();
    url.port_ = authority.substr(colon);
    authority = authority.substr(0, colon);
  }
  if (!IsHost(authority) || !IsPath(url.path_)) return Refused();
  if (url.port_ == DefaultPort(url.scheme_)) url.port_.clear();
  url.host_ = absl::AsciiStrToLower(std::string(authority));
  url.origin_ = url.scheme_ + "://" + url.host_;
  url.origin_ += url.port_.empty() ? DefaultPort(url.scheme_) : std::string_view(url.port_);
  return url;
}

absl::StatusOr<SourceUrl> SourceUrl::Resolve(std::string_view reference) const {
  if (reference.find("://") != std::string_view::npos) return Parse(reference);
  // "//host/path" would be another host's, and Helm's own indexes never say it.
  if (reference.empty() || reference.starts_with("//")) return Refused();
  const std::size_t query = std::min(reference.find('?'), reference.size());
  std::string text =
      scheme_ + "://" + host_ + port_ + Joined(path_, std::string(reference.substr(0, query)));
  text += query < reference.size() ? reference.substr(query) : std::string_view(query_);
  return Parse(text);
}

std::string SourceUrl::File(std::string_view name) const {
  return scheme_ + "://" + host_ + port_ + path_ + "/" + std::string(name) + query_;
}

std::string SourceUrl::ToString() const { return scheme_ + "://" + host_ + port_ + path_ + query_; }

}  // namespace berth::helm
