import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** What both programs share: what they are told, their meter, and the step of the job for one visitor. */
final class Job {
  static final String BROKER = System.getenv("J1_BROKER");
  static final String TOPIC = System.getenv("J1_TOPIC");
  static final long EVENTS = Long.parseLong(System.getenv("J1_EVENTS"));
  static final String GROUP = System.getenv("J1_GROUP");
  static final String STATE = System.getenv("J1_STATE");
  static final boolean LIVE = "1".equals(System.getenv("J1_LIVE"));
  static final long GAP_MS = 1_800_000;

  /** The fields that the job needs; Jackson skips the rest. */
  public static final class Event {
    public String type;
    public String time;
    public Data data;
  }

  public static final class Data {
    public String visitor_id;
    public Campaign campaign;
  }

  public static final class Campaign {
    public String medium;
  }

  static ObjectReader reader() {
    return new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false).readerFor(Event.class);
  }

  static long ms(String stamp) {
    return Instant.parse(stamp).toEpochMilli();
  }

  static String cell(long timeMs, String channel) {
    return timeMs / 60_000 + "|" + channel;
  }

  /**
   * Lets an event of a visitor happen.
   *
   * @param visitor first seen, last seen, pages, is a lead; changed in place
   * @param known whether the visitor was there before
   * @return what the event adds: page views, sessions, submits, leads
   */
  static long[] step(long[] visitor, boolean known, long timeMs, boolean form) {
    long[] added = new long[4];
    if (!known) {
      visitor[0] = visitor[1] = timeMs;
      added[1] = 1;
    } else {
      if (timeMs - visitor[1] > GAP_MS) added[1] = 1;
      if (timeMs < visitor[0]) visitor[0] = timeMs;
      if (timeMs > visitor[1]) visitor[1] = timeMs;
    }
    if (form) {
      added[2] = 1;
      if (visitor[3] == 0) visitor[3] = added[3] = 1;
    } else {
      added[0] = 1;
      visitor[2]++;
    }
    return added;
  }

  static void add(long[] sum, long[] more) {
    for (int i = 0; i < 4; i++) sum[i] += more[i];
  }

  /** Adds all visitors up. */
  static Map<String, Long> people(Collection<long[]> visitors) {
    long first = 0, last = 0, pages = 0, leads = 0;
    for (long[] one : visitors) {
      first += one[0];
      last += one[1];
      pages += one[2];
      leads += one[3];
    }
    return Map.of("visitors", (long) visitors.size(), "leads", leads, "pages", pages, "first_ms", first, "last_ms", last);
  }

  /** Measures from the first record to the last. */
  static final class Meter {
    private final AtomicLong read = new AtomicLong(), done = new AtomicLong();
    private volatile long beganNs, beganCpuNs, endedNs, endedCpuNs;

    private static long cpuNs() {
      return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    void read() {
      if (read.incrementAndGet() == 1) {
        beganNs = System.nanoTime();
        beganCpuNs = cpuNs();
      }
    }

    /** Says that an event has gone all the way; true for the last one. */
    boolean done() {
      if (done.incrementAndGet() != EVENTS) return false;
      endedNs = System.nanoTime();
      endedCpuNs = cpuNs();
      return true;
    }

    /** Writes the result and ends the process: what an engine does to end in order is not measured. */
    void tell(Map<String, long[]> cells, Map<String, Long> people) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("wall_s", (endedNs - beganNs) / 1e9);
      result.put("cpu_s", (endedCpuNs - beganCpuNs) / 1e9);
      result.put("start_cpu_s", beganCpuNs / 1e9);
      result.put("cells", cells);
      result.put("people", people);
      try {
        System.out.println("RESULT " + new ObjectMapper().writeValueAsString(result));
      } catch (java.io.IOException error) {
        throw new IllegalStateException(error);
      }
      System.out.flush();
      Runtime.getRuntime().halt(0);
    }
  }

  private Job() {}
}
