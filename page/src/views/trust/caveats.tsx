/** What the numbers cannot say, whatever is done with them. */
export function Caveats() {
  return (
    <section class="panel" aria-labelledby="caveats">
      <h2 id="caveats">Before you draw a conclusion</h2>
      <div class="panel-body">
        <ol class="caveats">
          <li>
            <strong>A call is not a crime,</strong> and a dispatched call is not a report. In 2026,
            citations, tows, passing calls and traffic stops alone were 46% of the city’s dispatched
            calls; with suspicious persons, 55%.
          </li>
          <li>
            <strong>Many calls are begun by officers.</strong> Passing calls and traffic stops measure
            where and when police are at work, not what the public asked for.
          </li>
          <li>
            <strong>A call carries its caller’s perception.</strong> “Suspicious person” is the third
            commonest type, and biased 911 calls are known well enough that the city passed a law
            about them in 2020. No field holds race, and none should be guessed. These numbers rank no
            neighborhood by danger.
          </li>
          <li>
            <strong>One incident can be several calls,</strong> each with a number of its own, and one
            call can bring many units. What is counted is calls.
          </li>
          <li>
            <strong>Types are free text.</strong> About a fifth of the labels in the older data are a
            dispatcher’s notes, with typing errors, in place of a standard type. They are read by a
            table where that is certain, and stand as “Notes without a standard type” otherwise. They
            can hold descriptions of people, so raw labels are shown only when asked for.
          </li>
          <li>
            <strong>How a call ended is often not recorded.</strong> About 11% of the older data say
            “Not recorded”, most of them calls that officers began. Some codes are explained in no
            table of the city. They are counted and shown as they are.
          </li>
          <li>
            <strong>A call can still change while it is open:</strong> type, priority, disposition,
            even place. The sources counted here hold each call once, as it was when it was published.
          </li>
          <li>
            <strong>The newest hour is never complete.</strong> It is marked “so far” and compared with
            nothing. “Data as of” is the time of the newest call that was counted, not of your clock.
          </li>
          <li>
            <strong>Small counts jump.</strong> Under 20 calls no change in percent is given, here or
            in the exports. An hour stands out only if it lies far outside what is usual for its
            weekday and hour.
          </li>
          <li>
            <strong>There is no map and no response time here.</strong> The source counted holds
            neither coordinates nor priorities. Where the city publishes places, they are the nearest
            intersection, and calls marked sensitive, about a quarter, have none.
          </li>
          <li>
            <strong>The clock changes twice a year.</strong> The hour that clocks show twice in
            November holds two hours of calls and is not compared; the hour they leave out in March is
            no hour at all.
          </li>
        </ol>
      </div>
    </section>
  );
}
