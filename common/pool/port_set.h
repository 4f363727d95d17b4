#pragma once

#include <bitset>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "common/pool/port.h"

namespace berth::pool {

/// A set of port numbers; 8 KiB whatever it holds.
class PortSet {
 public:
  PortSet() = default;
  PortSet(std::initializer_list<Port> ports);

  void Insert(Port port) { bits_.set(port.number()); }
  void Erase(Port port) { bits_.reset(port.number()); }
  bool Contains(Port port) const { return bits_.test(port.number()); }
  bool empty() const { return bits_.none(); }
  std::size_t size() const { return bits_.count(); }
  /// The members, ascending.
  std::vector<Port> Ports() const;

  PortSet& operator|=(const PortSet& other);
  /// Takes out the members of `other`.
  PortSet& operator-=(const PortSet& other);

  friend bool operator==(const PortSet&, const PortSet&) = default;

 private:
  std::bitset<65536> bits_;
};

/// A set of ports for each protocol.
struct PortsByProtocol {
  PortSet tcp;
  PortSet udp;

  PortSet& Of(Protocol protocol) { return protocol == Protocol::kTcp ? tcp : udp; }
  const PortSet& Of(Protocol protocol) const { return protocol == Protocol::kTcp ? tcp : udp; }
  bool empty() const { return tcp.empty() && udp.empty(); }

  friend bool operator==(const PortsByProtocol&, const PortsByProtocol&) = default;
};

}  // namespace berth::pool
