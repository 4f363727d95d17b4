#include "helm-service/domain/chart.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "absl/status/status.h"

namespace berth::helm {
namespace {

constexpr std::size_t kLongestReference = 1024;
constexpr std::size_t kLongestVersion = 128;

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool ConsistsOf(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return IsAlphanumeric(c) || punctuation.find(c) != std::string_view::npos;
  });
}

// "host" or "host:port"; a name, an IPv4 address, or an IPv6 one in brackets.
bool IsAuthority(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !ConsistsOf(text.substr(1, end - 1), ":")) return false;
    text.remove_prefix(end + 1);
    return text.empty() ||
           (text.front() == ':' && text.size() > 1 && ConsistsOf(text.substr(1), ""));
  }
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || !IsAlphanumeric(host.front()) || !ConsistsOf(host, ".-")) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Segments between slashes: none empty, none of dots alone.
bool IsPath(std::string_view text, std::string_view punctuation) {
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment.find_first_not_of('.') == std::string_view::npos) return false;
    if (!ConsistsOf(segment, punctuation)) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

absl::Status Refused() {
  return absl::InvalidArgumentError(
      "must be oci://host/path, optionally with :tag or @digest, or https://host/path.tgz without "
      "user, query and fragment");
}

}  // namespace

absl::StatusOr<ChartReference> ChartReference::Parse(std::string_view text) {
  constexpr std::string_view kOci = "oci://";
  constexpr std::string_view kHttps = "https://";
  const bool oci = text.starts_with(kOci);
  if (text.size() > kLongestReference || (!oci && !text.starts_with(kHttps))) return Refused();
  const std::string_view rest = text.substr(oci ? kOci.size() : kHttps.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !IsAuthority(rest.substr(0, slash))) return Refused();
  const std::string_view path = rest.substr(slash + 1);
  if (!oci) {
    if (!path.ends_with(".tgz") || !IsPath(path, "._~+%=-")) return Refused();
    return ChartReference(std::string(text), false);
  }
  const std::size_t suffix = path.find_first_of(":@");
  if (!IsPath(path.substr(0, suffix), "._-")) return Refused();
  if (suffix == std::string_view::npos) return ChartReference(std::string(text), true);
  if (suffix + 1 == path.size() || !ConsistsOf(path.substr(suffix), "._-:@")) return Refused();
  return ChartReference(std::string(text), false);
}

absl::StatusOr<ChartVersion> ChartVersion::Parse(std::string_view text) {
  if (text.empty() || text.size() > kLongestVersion || !ConsistsOf(text, ".+-^~<>=*,| ")) {
    return absl::InvalidArgumentError(
        "must be a version or a range of versions, such as 1.2.3 or ^1.2");
  }
  return ChartVersion(std::string(text));
}

}  // namespace berth::helm
