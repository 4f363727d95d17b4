#include "common/pool/port_set.h"

namespace berth::pool {

PortSet::PortSet(std::initializer_list<Port> ports) {
  for (const Port port : ports) {
    Insert(port);
  }
}

std::vector<Port> PortSet::Ports() const {
  std::vector<Port> ports;
  ports.reserve(size());
  for (int number = 1; number <= 65535; ++number) {
    if (bits_.test(number)) {
      ports.push_back(*Port::Parse(number));
    }
  }
  return ports;
}

PortSet& PortSet::operator|=(const PortSet& other) {
  bits_ |= other.bits_;
  return *this;
}

PortSet& PortSet::operator-=(const PortSet& other) {
  bits_ &= ~other.bits_;
  return *this;
}

}  // namespace berth::pool
