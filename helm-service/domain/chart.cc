#include "helm-service/domain/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "absl/status/status.h"
#include "helm-service/domain/overloaded.h"

namespace berth::helm {
namespace {

constexpr std::size_t kLongestUrl = 1024;

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
bool IsPath(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment.find_first_not_of('.') == std::string_view::npos) return false;
    if (!ConsistsOf(segment, "._~+%=-")) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

absl::StatusOr<ChartUrl> ChartUrl::Parse(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  const auto refused = [] {
    return absl::InvalidArgumentError(
        "must be https://host/path.tgz without user, query and fragment, or "
        "oci://host/path, optionally with :tag or @sha256:digest");
  };
  if (text.size() > kLongestUrl || !text.starts_with(kScheme)) return refused();
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !IsAuthority(rest.substr(0, slash))) return refused();
  const std::string_view path = rest.substr(slash + 1);
  if (!path.ends_with(".tgz") || !IsPath(path)) return refused();
  return ChartUrl(std::string(text));
}

std::string DescribeSource(const Chart& chart) {
  return std::visit(Overloaded{
                        [](const ChartArchive&) { return std::string("an archive"); },
                        [](const UrlChart& url) { return url.url.value(); },
                        [](const OciChart& oci) { return oci.reference.ToString(); },
                        [](const RepositoryChart& repository) {
                          return fmt::format("{}/{}", repository.repository.value(),
                                             repository.chart.value());
                        },
                    },
                    chart);
}

}  // namespace berth::helm
