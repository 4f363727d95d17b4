#include "common/pool/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/kube/object.h"
#include "common/status/status.h"

namespace berth::pool {
namespace {

absl::Status NotAnAddress(std::string_view text, std::string_view kind) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
               fmt::format("'{}' is not {}", text.substr(0, 253), kind));
}

/// The canonical spelling of an address of this family; empty if the text is none.
std::string Canonical(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  std::array<char, INET6_ADDRSTRLEN> canonical;
  if (inet_pton(family, text.c_str(), bytes.data()) != 1) {
    return "";
  }
  return inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
}

bool IsLabel(std::string_view label) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), allowed);
}

}  // namespace

absl::StatusOr<Address> Address::ParseIp(std::string_view text) {
  const std::string ip(text);
  if (ip.find('\0') == std::string::npos) {
    if (std::string v4 = Canonical(AF_INET, ip); !v4.empty()) {
      return Address(Kind::kIpv4, std::move(v4));
    }
    if (std::string v6 = Canonical(AF_INET6, ip); !v6.empty()) {
      return Address(Kind::kIpv6, std::move(v6));
    }
  }
  return NotAnAddress(text, "an IPv4 or IPv6 address");
}

absl::StatusOr<Address> Address::ParseHostname(std::string_view text) {
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  std::string_view rest = host;
  bool valid = !rest.empty() && rest.size() <= 253;
  while (valid && !rest.empty()) {
    const std::size_t dot = rest.find('.');
    valid = IsLabel(rest.substr(0, dot)) && dot != rest.size() - 1;
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  if (!valid) {
    return NotAnAddress(text, "a DNS name");
  }
  return Address(Kind::kHostname, std::move(host));
}

absl::StatusOr<Address> Address::FromJson(const kube::Json& entry) {
  if (const std::string ip = kube::StringAt(entry, {"ip"}); !ip.empty()) {
    return ParseIp(ip);
  }
  return ParseHostname(kube::StringAt(entry, {"hostname"}));
}

kube::Json Address::ToJson() const {
  return {{kind_ == Kind::kHostname ? "hostname" : "ip", host_}};
}

}  // namespace berth::pool
