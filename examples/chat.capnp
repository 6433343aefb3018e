# A chat room: each side has objects that the other calls.
@0xb0a4c7e2d95f3186;

using Vat = import "/vat.capnp";
$Vat.prefix("chat");

interface Room {
  join @0 (name :Text, listener :Listener) -> (seat :Seat);
  # The room calls the listener for whatever is said, until the seat is dropped. Dropping it, on
  # purpose or by dying, is how one leaves.
}

interface Seat {
  say @0 (text :Text);
}

interface Listener {
  hear @0 (name :Text, text :Text);
}
