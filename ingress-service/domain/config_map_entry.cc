#include "ingress-service/domain/config_map_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "common/status/status.h"

namespace berth::ingress {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxPortName = 15;

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

bool IsLabel(std::string_view text, std::size_t limit) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= limit && alphanumeric(text.front()) &&
         alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
}

std::optional<std::variant<pool::Port, std::string>> ParsePort(std::string_view text) {
  if (const absl::StatusOr<pool::Port> number = pool::Port::Parse(text); number.ok()) {
    return *number;
  }
  const bool has_letter =
      std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!has_letter || !IsLabel(text, kMaxPortName)) {
    return std::nullopt;
  }
  return std::string(text);
}

bool SaysProxy(std::string_view text) {
  constexpr std::string_view kProxy = "PROXY";
  return std::equal(text.begin(), text.end(), kProxy.begin(), kProxy.end(), [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

}  // namespace

std::string FormatConfigMapEntry(const Target& target, const RuleOptions& options,
                                 pool::Port target_port) {
  std::string entry = fmt::format("{}/{}:{}", target.ns, target.service, target_port.number());
  if (options.decode_proxy_protocol) {
    entry += ":PROXY";
  } else if (options.encode_proxy_protocol) {
    entry += ':';
  }
  if (options.encode_proxy_protocol) {
    entry += ":PROXY";
  }
  return entry;
}

std::optional<ConfigMapEntry> ParseConfigMapEntry(std::string_view text) {
  const std::vector<std::string_view> places = Split(text, ':');
  if (places.size() < 2 || places.size() > 4) {
    return std::nullopt;
  }
  const std::vector<std::string_view> service = Split(places[0], '/');
  auto port = ParsePort(places[1]);
  if (service.size() != 2 || !IsLabel(service[0], kMaxLabel) || !IsLabel(service[1], kMaxLabel) ||
      !port) {
    return std::nullopt;
  }
  return ConfigMapEntry{
      .target = {.ns = std::string(service[0]),
                 .service = std::string(service[1]),
                 .port = *std::move(port)},
      .options = {.decode_proxy_protocol = places.size() > 2 && SaysProxy(places[2]),
                  .encode_proxy_protocol = places.size() > 3 && SaysProxy(places[3])}};
}

}  // namespace berth::ingress
